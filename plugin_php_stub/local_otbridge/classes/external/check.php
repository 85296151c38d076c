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
 * Web service function that looks for faults of a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../externalcompat.php');

use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_otbridge\checker;
use local_otbridge\fault;
use local_otbridge\faults;
use local_otbridge\program;
use local_otbridge\refusal;

/**
 * Tells everything that would make a program fail; reads only, and uses no key.
 */
class check extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([
            'program' => self::program(),
            'draftitemid' => new external_value(PARAM_INT, 'Draft area with the files; 0: not uploaded yet', VALUE_DEFAULT, 0),
        ]);
    }

    /**
     * Check.
     *
     * @param string $program
     * @param int $draftitemid
     * @return array
     */
    public static function execute($program, $draftitemid = 0) {
        $params = self::validate_parameters(self::execute_parameters(), ['program' => $program, 'draftitemid' => $draftitemid]);
        self::demand(['local/otbridge:run']);
        $faults = new faults();
        $heavy = false;
        try {
            $read = new program($params['program']);
            checker::check($read, $params['draftitemid'], $faults);
            $heavy = $read->heavy();
        } catch (refusal $refusal) {
            $faults->add(new fault('', $refusal->errorcode, $refusal->facts));
        }
        $tell = static function (fault $fault): array {
            return $fault->tell();
        };
        return [
            'ok' => !$faults->all(), 'heavy' => $heavy, 'faults' => array_map($tell, $faults->all()),
            'notes' => array_map($tell, $faults->notes()),
        ];
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns() {
        return new external_single_structure([
            'ok' => new external_value(PARAM_BOOL, 'Whether there are no faults'),
            'heavy' => new external_value(PARAM_BOOL, 'Whether a task would run it'),
            'faults' => self::faults('Why it would be refused, or fail'),
            'notes' => self::faults('What somebody should know'),
        ]);
    }

    /**
     * Description of faults.
     *
     * @param string $description
     * @return external_multiple_structure
     */
    private static function faults(string $description): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'path' => new external_value(PARAM_RAW, 'Where in the program'),
            'code' => new external_value(PARAM_ALPHANUMEXT, 'Stable errorcode'),
            'message' => new external_value(PARAM_RAW, 'For operators'),
            'facts' => new external_value(PARAM_RAW, 'JSON object'),
        ]), $description);
    }
}
