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
 * Web service function: what became of an operation key.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

use local_otbridge\local\external_function_parameters;
use local_otbridge\local\external_single_structure;
use local_otbridge\operations;

/**
 * local_otbridge_get_operation.
 */
final class get_operation extends base {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters(['opkey' => self::opkey_description()]);
    }

    /**
     * The operation as it is now.
     *
     * @param string $opkey
     * @return array
     */
    public static function execute($opkey): array {
        $params = self::validate_parameters(self::execute_parameters(), ['opkey' => $opkey]);
        $key = self::opkey($params['opkey']);
        $context = \context_system::instance();
        self::validate_context($context);
        self::require_all($context, 'local/otbridge:view');
        return operations::state($key);
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return self::operation_description();
    }
}
