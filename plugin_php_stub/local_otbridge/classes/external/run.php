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
 * Web service function that runs a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../externalcompat.php');

use core_external\external_function_parameters;
use core_external\external_single_structure;
use core_external\external_value;
use local_otbridge\intake;
use local_otbridge\operations;

/**
 * Runs a light program in the call, and queues a heavy one.
 */
class run extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([
            'opkey' => self::opkey('Operation key (UUID)'),
            'program' => self::program(),
            'draftitemid' => new external_value(PARAM_INT, 'Draft area with the files', VALUE_DEFAULT, 0),
        ]);
    }

    /**
     * Run, once.
     *
     * @param string $opkey
     * @param string $program
     * @param int $draftitemid
     * @return array
     */
    public static function execute($opkey, $program, $draftitemid = 0) {
        $params = self::validate_parameters(self::execute_parameters(), [
            'opkey' => $opkey, 'program' => $program, 'draftitemid' => $draftitemid,
        ]);
        self::demand(['local/otbridge:run']);
        $opkey = operations::key($params['opkey']);
        return operations::describe(intake::run($opkey, $params['program'], (int) $params['draftitemid']));
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns() {
        return self::operation();
    }
}
