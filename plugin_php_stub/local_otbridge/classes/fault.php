<?php
// This file is part of Moodle - http://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

/**
 * One fault of a program, or one remark on it.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use moodle_exception;
use Throwable;

/**
 * Says where, what kind, in words, and in facts.
 */
class fault {
    /** @var string where in the program, as `steps[3].attempts`; empty: the whole of it */
    public $path;
    /** @var string stable errorcode */
    public $code;
    /** @var string for operators */
    public $message;
    /** @var array facts, from which the bridge builds its own words */
    public $facts;

    /**
     * Describe a fault.
     *
     * @param string $path
     * @param string $code a string of this plugin has the same name, unless words are given
     * @param array $facts what that string needs
     * @param string $words the message, where it comes from core
     */
    public function __construct(string $path, string $code, array $facts = [], string $words = '') {
        $this->path = $path;
        $this->code = $code;
        $this->facts = $facts;
        $this->message = fix_utf8($words !== '' ? $words : language::say($code, (object) $facts));
    }

    /**
     * The fault that an exception is.
     *
     * @param Throwable $error
     * @param string $path where, unless the exception says it
     * @return self
     */
    public static function of(Throwable $error, string $path): self {
        if ($error instanceof refusal) {
            $first = $error->faults ? reset($error->faults) : null;
            return new self($first->path ?? $path, $error->errorcode, $error->facts, $first->message ?? $error->getMessage());
        }
        debugging('local_otbridge: ' . get_class($error) . ': ' . $error->getMessage(), DEBUG_DEVELOPER, $error->getTrace());
        $facts = ['exception' => get_class($error), 'errorcode' => $error instanceof moodle_exception ? $error->errorcode : ''];
        return new self($path, 'stepfailed', $facts + ['message' => $error->getMessage()]);
    }

    /**
     * The fault as web services return it.
     *
     * @return array
     */
    public function tell(): array {
        return [
            'path' => $this->path, 'code' => $this->code, 'message' => $this->message,
            'facts' => json::encode((object) $this->facts),
        ];
    }
}
