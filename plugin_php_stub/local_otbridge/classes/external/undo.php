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
 * Web service function that takes back what an operation did.
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
use local_otbridge\intake;
use local_otbridge\operations;

/**
 * Takes back the steps of an operation, the last first, under a key of its own.
 */
class undo extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([
            'opkey' => self::opkey('Operation key (UUID) of the undoing'),
            'undoes' => self::opkey('Key of the operation to take back'),
        ]);
    }

    /**
     * Undo, once.
     *
     * @param string $opkey
     * @param string $undoes
     * @return array
     */
    public static function execute($opkey, $undoes) {
        $params = self::validate_parameters(self::execute_parameters(), ['opkey' => $opkey, 'undoes' => $undoes]);
        self::demand(['local/otbridge:run']);
        return operations::describe(intake::undo(operations::key($params['opkey']), operations::key($params['undoes'])));
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
