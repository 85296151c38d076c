<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * What the plugin's web service functions share.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

use local_otbridge\local\external_api;
use local_otbridge\local\external_single_structure;
use local_otbridge\local\external_value;

/**
 * Base of the functions.
 */
abstract class base extends external_api {
    /**
     * The operation key among the parameters.
     *
     * @return external_value
     */
    protected static function opkey_description(): external_value {
        return new external_value(PARAM_ALPHANUMEXT, 'Operation key, a UUID');
    }

    /**
     * A valid operation key, in lower case.
     *
     * @param string $opkey
     * @return string
     * @throws \invalid_parameter_exception
     */
    protected static function opkey(string $opkey): string {
        $opkey = strtolower($opkey);
        if (!preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/D', $opkey)) {
            throw new \invalid_parameter_exception('opkey must be a UUID');
        }
        return $opkey;
    }

    /**
     * Check that the token's user has all of these capabilities in a context.
     *
     * @param \context $context
     * @param string ...$capabilities
     * @throws \required_capability_exception
     */
    protected static function require_all(\context $context, string ...$capabilities): void {
        foreach ($capabilities as $capability) {
            require_capability($capability, $context);
        }
    }

    /**
     * An operation as web service result.
     *
     * @return external_single_structure
     */
    protected static function operation_description(): external_single_structure {
        return new external_single_structure([
            'opkey' => new external_value(PARAM_RAW, 'Operation key'),
            'action' => new external_value(PARAM_RAW, 'restore_course, create_role or delete_role; empty when never seen'),
            'status' => new external_value(PARAM_RAW, 'none, queued, running, done or failed'),
            'progress' => new external_value(PARAM_FLOAT, '0 to 1'),
            'step' => new external_value(PARAM_RAW, 'What is being done'),
            'result' => new external_value(PARAM_RAW, 'JSON, empty until done'),
            'errorcode' => new external_value(PARAM_RAW, 'Empty unless failed'),
            'error' => new external_value(PARAM_RAW, 'Empty unless failed'),
            'timecreated' => new external_value(PARAM_INT, 'Unix seconds'),
            'timestarted' => new external_value(PARAM_INT, 'Unix seconds, 0 = not yet'),
            'timefinished' => new external_value(PARAM_INT, 'Unix seconds, 0 = not yet'),
        ]);
    }
}
