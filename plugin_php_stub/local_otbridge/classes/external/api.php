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
 * What the plugin's external functions share.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../externalcompat.php');

use context;
use context_system;
use core_external\external_api;
use core_external\external_single_structure;
use core_external\external_value;

/**
 * Base of the external functions.
 */
abstract class api extends external_api {
    /**
     * Demand capabilities of the token's user.
     *
     * @param string[] $system in the system context
     * @param context|null $context another context
     * @param string[] $there in that context
     */
    protected static function demand(array $system, ?context $context = null, array $there = []): void {
        self::validate_context(context_system::instance());
        foreach ($system as $capability) {
            require_capability($capability, context_system::instance());
        }
        foreach ($there as $capability) {
            require_capability($capability, $context);
        }
    }

    /**
     * Description of a parameter that is a key.
     *
     * @param string $description
     * @return external_value
     */
    protected static function opkey(string $description): external_value {
        return new external_value(PARAM_ALPHANUMEXT, $description, VALUE_REQUIRED, null, NULL_NOT_ALLOWED);
    }

    /**
     * Description of the parameter program.
     *
     * @return external_value
     */
    protected static function program(): external_value {
        return new external_value(PARAM_RAW, 'JSON of the program', VALUE_REQUIRED, null, NULL_NOT_ALLOWED);
    }

    /**
     * Description of an operation, as run, undo and get_operation return it.
     *
     * @return external_single_structure
     */
    protected static function operation(): external_single_structure {
        return new external_single_structure([
            'opkey' => new external_value(PARAM_ALPHANUMEXT, 'Operation key'),
            'kind' => new external_value(PARAM_ALPHA, 'run, undo; empty if none'),
            'undoes' => new external_value(PARAM_ALPHANUMEXT, 'Key of the operation that it takes back; empty for a run'),
            'ticket' => new external_value(PARAM_RAW, 'Number of the ticket'),
            'status' => new external_value(PARAM_ALPHA, 'none, queued, running, undoing, done, failed'),
            'progress' => new external_value(PARAM_FLOAT, '0.0 to 1.0'),
            'step' => new external_value(PARAM_RAW, 'The step that is being done'),
            'stepsdone' => new external_value(PARAM_INT, 'How many steps are done'),
            'stepstotal' => new external_value(PARAM_INT, 'How many steps there are'),
            'result' => new external_value(PARAM_RAW, 'JSON; empty until it has ended'),
            'errorcode' => new external_value(PARAM_ALPHANUMEXT, 'Empty unless failed'),
            'error' => new external_value(PARAM_RAW, 'Empty unless failed'),
            'faults' => new external_value(PARAM_RAW, 'JSON list of faults'),
            'undone' => new external_value(PARAM_ALPHANUMEXT, 'Key of the operation that took it back; empty: none did'),
            'timecreated' => new external_value(PARAM_INT, 'Unix seconds'),
            'timestarted' => new external_value(PARAM_INT, 'Unix seconds, 0 = not yet'),
            'timefinished' => new external_value(PARAM_INT, 'Unix seconds, 0 = not yet'),
        ]);
    }
}
