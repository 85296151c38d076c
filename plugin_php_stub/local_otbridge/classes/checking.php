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
 * What a step has at hand while it looks for faults.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context;
use stored_file;

/**
 * Takes the faults of one step.
 */
class checking {
    /** @var faults */
    private $faults;
    /** @var planned */
    private $planned;
    /** @var scope */
    private $scope;
    /** @var program_files */
    private $files;
    /** @var bool whether somebody hears the remarks */
    private $heard;
    /** @var \ArrayObject what earlier steps of the same program will take */
    private $claims;

    /**
     * Prepare.
     *
     * @param faults $faults
     * @param planned $planned
     * @param scope $scope
     * @param program_files $files
     * @param \ArrayObject $claims
     * @param bool $heard
     */
    public function __construct(faults $faults, planned $planned, scope $scope, program_files $files, \ArrayObject $claims,
            bool $heard = true) {
        $this->faults = $faults;
        $this->planned = $planned;
        $this->scope = $scope;
        $this->files = $files;
        $this->claims = $claims;
        $this->heard = $heard;
    }

    /**
     * Whether somebody hears the remarks: a step that is at work to find some need not be otherwise.
     *
     * @return bool
     */
    public function is_heard(): bool {
        return $this->heard;
    }

    /**
     * The step would fail.
     *
     * @param string $param name of the parameter, perhaps with more: `answers[2].text`; empty: the whole step
     * @param string $code a string of the plugin has the same name
     * @param array $facts what that string needs
     * @return null so that whoever looks for a value can return it
     */
    public function fault(string $param, string $code, array $facts = []) {
        $this->faults->add(new fault($this->planned->path($param), $code, $facts));
        return null;
    }

    /**
     * It works, and somebody should know.
     *
     * @param string $param
     * @param string $code
     * @param array $facts
     */
    public function note(string $param, string $code, array $facts = []): void {
        $this->faults->note(new fault($this->planned->path($param), $code, $facts));
    }

    /**
     * Take something that only one may have.
     *
     * @param string $what as `course.shortname`
     * @param string $value
     * @return bool false when an earlier step of the program takes it
     */
    public function claim(string $what, string $value): bool {
        $key = $what . "\n" . \core_text::strtolower($value);
        if (isset($this->claims[$key])) {
            return false;
        }
        $this->claims[$key] = true;
        return true;
    }

    /**
     * Say what a step will have set, for the steps behind it in the same program.
     *
     * @param string $what as `completion`
     * @param string $key of which thing
     * @param mixed $value
     */
    public function plan(string $what, string $key, $value): void {
        $this->claims["plan\n$what"] = [$key => $value] + ($this->claims["plan\n$what"] ?? []);
    }

    /**
     * What earlier steps of the program will have set.
     *
     * @param string $what
     * @return array by the things' keys
     */
    public function plans(string $what): array {
        return $this->claims["plan\n$what"] ?? [];
    }

    /**
     * A file of the program.
     *
     * @param string $sha256
     * @return stored_file|null null while it is not uploaded
     */
    public function file(string $sha256): ?stored_file {
        return $this->files->get($sha256);
    }

    /**
     * Name of a file of the program.
     *
     * @param string $sha256
     * @return string
     */
    public function file_name(string $sha256): string {
        return $this->files->name($sha256);
    }

    /**
     * Parameters of the step that will make a thing.
     *
     * @param mixed $value of a parameter
     * @param string $kind name of the step kind that it must be, as `course.create`
     * @return array|null null when it is no reference to such a step
     */
    public function planned($value, string $kind): ?array {
        return $this->scope->planned($value, $kind);
    }

    /**
     * The context of a thing, or of the place where it will be made.
     *
     * @param string $kind
     * @param int|reference|null $value
     * @return context|null
     */
    public function context(string $kind, $value): ?context {
        return $this->scope->context($kind, $value);
    }
}
