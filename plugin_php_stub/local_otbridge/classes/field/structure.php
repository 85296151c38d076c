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
 * An object in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\field;
use local_otbridge\reading;

/**
 * An object whose members are all known.
 */
class structure extends field {
    /** @var field[] */
    private $fields;

    /**
     * Describe.
     *
     * @param field[] $fields by name
     */
    public function __construct(array $fields) {
        $this->fields = $fields;
    }

    /**
     * Type of results that it takes: none.
     *
     * @return string
     */
    public function type(): string {
        return '';
    }

    /**
     * Read a value; every member is read, so that all faults are told.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return array|null
     */
    protected function take($value, string $path, reading $reading) {
        if (!$value instanceof \stdClass) {
            return $reading->fault($path, 'paramtype', ['type' => 'object']);
        }
        $members = get_object_vars($value);
        foreach (array_diff(array_keys($members), array_keys($this->fields)) as $name) {
            $reading->fault(ltrim($path . '.' . $name, '.'), 'paramunknown', ['name' => (string) $name]);
        }
        $taken = [];
        foreach ($this->fields as $name => $field) {
            $here = ltrim($path . '.' . $name, '.');
            if (array_key_exists($name, $members)) {
                $taken[$name] = $field->read($members[$name], $here, $reading);
            } else if ($field->is_optional()) {
                $taken[$name] = $field->get_default();
            } else {
                $taken[$name] = $reading->fault($here, 'parammissing', ['name' => $name]);
            }
        }
        return $taken;
    }
}
