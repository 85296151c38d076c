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
 * What is known while the parameters of a step are read.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Answers references, and takes the faults.
 */
class reading {
    /** @var string a reference, whole */
    const REFERENCE = '/^\$([a-z][a-z0-9_]{0,39})\.([a-z][a-z0-9_]*)\z/';

    /** @var faults */
    private $faults;
    /** @var array types of results, by label and field, of all earlier steps */
    private $types;
    /** @var string[] digests of the program's files */
    private $files;
    /** @var array results by label of the earlier steps that have run, or whose things are there already */
    private $results;

    /**
     * Prepare.
     *
     * @param faults $faults
     * @param array $types
     * @param string[] $files
     * @param array $results
     */
    public function __construct(faults $faults, array $types, array $files, array $results = []) {
        $this->faults = $faults;
        $this->types = $types;
        $this->files = $files;
        $this->results = $results;
    }

    /**
     * Note a fault.
     *
     * @param string $path
     * @param string $code
     * @param array $facts
     * @return null
     */
    public function fault(string $path, string $code, array $facts = []) {
        $this->faults->add(new fault($path, $code, $facts));
        return null;
    }

    /**
     * What a reference stands for.
     *
     * @param string $written
     * @param string $path
     * @param string $wanted type that is needed there
     * @return mixed a {@see reference}, the value once it is there, or null after a fault
     */
    public function refer(string $written, string $path, string $wanted) {
        if (!preg_match(self::REFERENCE, $written, $found)) {
            return $this->fault($path, 'referenceform', ['value' => $written]);
        }
        [, $label, $field] = $found;
        if (!isset($this->types[$label])) {
            return $this->fault($path, 'referencelabel', ['value' => $written, 'label' => $label]);
        }
        $type = $this->types[$label][$field] ?? '';
        if ($type === '') {
            return $this->fault($path, 'referencefield', ['value' => $written, 'label' => $label, 'field' => $field]);
        }
        if (!self::fits($type, $wanted)) {
            return $this->fault($path, 'referencetype', ['value' => $written, 'type' => $type, 'wanted' => $wanted]);
        }
        return isset($this->results[$label]) ? $this->results[$label][$field] : new reference($label, $field);
    }

    /**
     * Whether a file is one of the program's.
     *
     * @param string $sha256
     * @return bool
     */
    public function has_file(string $sha256): bool {
        return in_array($sha256, $this->files, true);
    }

    /**
     * Whether a result of one type may stand where another is wanted: ids of things are whole numbers, too.
     *
     * @param string $type
     * @param string $wanted
     * @return bool
     */
    private static function fits(string $type, string $wanted): bool {
        if ($type === $wanted) {
            return true;
        }
        $list = substr($type, -2) === '[]';
        $plain = static function (string $name): bool {
            return $name === 'int' || isset(kinds::TABLES[$name]);
        };
        $one = $list ? substr($type, 0, -2) : $type;
        $other = substr($wanted, -2) === '[]' ? substr($wanted, 0, -2) : $wanted;
        return $list === (substr($wanted, -2) === '[]') && $plain($one) && $plain($other) && ($one === 'int' || $other === 'int');
    }
}
