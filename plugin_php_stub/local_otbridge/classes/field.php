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
 * A parameter of a step: its type and limits.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use local_otbridge\field\choice;
use local_otbridge\field\decimal;
use local_otbridge\field\file;
use local_otbridge\field\flag;
use local_otbridge\field\html;
use local_otbridge\field\items;
use local_otbridge\field\number;
use local_otbridge\field\record;
use local_otbridge\field\structure;
use local_otbridge\field\text;

/**
 * Reads one value of a program, or says what is wrong with it.
 *
 * The makers below are what a step's schema is written in.
 */
abstract class field {
    /** @var bool whether it may be left out */
    private $optional = false;
    /** @var mixed what it is then */
    private $default = null;

    /**
     * A whole number.
     *
     * @param int $min
     * @param int $max
     * @return number
     */
    public static function int(int $min = 0, int $max = 2147483647): number {
        return new number('int', $min, $max);
    }

    /**
     * A moment, Unix seconds; 0 = none.
     *
     * @return number
     */
    public static function time(): number {
        return new number('int', 0, 253402300799);
    }

    /**
     * A line of text; spaces at its ends are taken off.
     *
     * @param int $max characters
     * @return text
     */
    public static function text(int $max): text {
        return new text($max, false);
    }

    /**
     * A text of several lines, kept as it is.
     *
     * @param int $max characters
     * @return text
     */
    public static function lines(int $max): text {
        return new text($max, true);
    }

    /**
     * HTML; what could do harm is taken out of it.
     *
     * @param int $max characters
     * @return html
     */
    public static function html(int $max = 500000): html {
        return new html($max);
    }

    /**
     * True or false.
     *
     * @return flag
     */
    public static function bool(): flag {
        return new flag();
    }

    /**
     * A decimal number, as a text with a dot.
     *
     * @param string $min
     * @param string $max
     * @param int $places digits after the dot at most
     * @return decimal
     */
    public static function decimal(string $min, string $max, int $places = 5): decimal {
        return new decimal($min, $max, $places);
    }

    /**
     * One of some words.
     *
     * @param string[] $words
     * @return choice
     */
    public static function choice(array $words): choice {
        return new choice($words);
    }

    /**
     * A list.
     *
     * @param field $of
     * @param int $min
     * @param int $max
     * @return items
     */
    public static function items(field $of, int $min = 0, int $max = 1000): items {
        return new items($of, $min, $max);
    }

    /**
     * An object.
     *
     * @param field[] $fields by name
     * @return structure
     */
    public static function structure(array $fields): structure {
        return new structure($fields);
    }

    /**
     * The id of a thing that exists, or a reference to one that an earlier step makes.
     *
     * @param string $kind one of {@see kinds::TABLES}
     * @param string $module for `cm`: the kind of activity it must be
     * @return record
     */
    public static function record(string $kind, string $module = ''): record {
        return new record($kind, $module);
    }

    /**
     * One of the program's files.
     *
     * @return file
     */
    public static function file(): file {
        return new file();
    }

    /**
     * May be left out.
     *
     * @param mixed $default
     * @return static
     */
    public function default($default): self {
        $this->optional = true;
        $this->default = $default;
        return $this;
    }

    /**
     * Whether it may be left out.
     *
     * @return bool
     */
    public function is_optional(): bool {
        return $this->optional;
    }

    /**
     * What it is when left out.
     *
     * @return mixed
     */
    public function get_default() {
        return $this->default;
    }

    /**
     * Read a value.
     *
     * @param mixed $value decoded JSON, objects as objects
     * @param string $path
     * @param reading $reading
     * @return mixed the value in PHP (objects as arrays), a {@see reference}, or null after a fault
     */
    final public function read($value, string $path, reading $reading) {
        if (is_string($value) && strncmp($value, '$', 1) === 0) {
            if (strncmp($value, '$$', 2) === 0) {
                $value = substr($value, 1);
            } else {
                $value = $reading->refer($value, $path, $this->type());
                if ($value === null || $value instanceof reference) {
                    return $value;
                }
            }
        }
        return $this->take($value, $path, $reading);
    }

    /**
     * Many values are about to be read: a type that asks the database may ask once for all of them.
     *
     * @param array $values decoded JSON
     */
    public function expect(array $values): void {
    }

    /**
     * Type of results that it takes by reference: int, text, bool, a kind of {@see kinds::TABLES}, or one of these with `[]`.
     *
     * @return string empty: none
     */
    abstract public function type(): string;

    /**
     * Read a value that is no reference.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return mixed null after a fault
     */
    abstract protected function take($value, string $path, reading $reading);
}
