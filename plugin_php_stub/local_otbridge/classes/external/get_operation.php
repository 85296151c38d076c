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
 * Web service function local_otbridge_get_operation.
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
use local_otbridge\operations;

/**
 * Tells what became of an operation key.
 */
class get_operation extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters(['opkey' => self::opkey('Operation key (UUID)')]);
    }

    /**
     * The operation; status none for a key that was never seen.
     *
     * @param string $opkey
     * @return array
     */
    public static function execute($opkey) {
        $params = self::validate_parameters(self::execute_parameters(), ['opkey' => $opkey]);
        self::demand(['local/otbridge:view']);
        $opkey = operations::key($params['opkey']);
        return operations::describe(operations::find($opkey), $opkey);
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
