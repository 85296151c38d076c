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
 * Moodle event: an operation ended.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\event;

use context_system;
use core\event\base;
use stdClass;

/**
 * What the events of operations have in common.
 */
abstract class operation_ended extends base {
    /**
     * The event of an operation that has just ended.
     *
     * @param stdClass $operation its row
     * @return self
     */
    public static function of(stdClass $operation): self {
        $class = $operation->status === 'done' ? operation_done::class : operation_failed::class;
        return $class::create([
            'objectid' => $operation->id, 'context' => context_system::instance(), 'other' => [
                'opkey' => $operation->opkey, 'kind' => $operation->kind, 'ticket' => $operation->ticket,
                'errorcode' => (string) $operation->errorcode,
            ],
        ]);
    }

    /**
     * Set what every such event has.
     */
    protected function init() {
        $this->data['crud'] = 'u';
        $this->data['edulevel'] = self::LEVEL_OTHER;
        $this->data['objecttable'] = 'local_otbridge_operation';
    }

    /**
     * The page that shows the operation.
     *
     * @return \moodle_url
     */
    public function get_url() {
        return new \moodle_url('/local/otbridge/operations.php', ['id' => $this->objectid]);
    }

    /**
     * Operations are in no backup.
     *
     * @return int
     */
    public static function get_objectid_mapping() {
        return base::NOT_MAPPED;
    }

    /**
     * Nothing in it is in a backup.
     *
     * @return bool
     */
    public static function get_other_mapping() {
        return false;
    }
}
