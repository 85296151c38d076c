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
 * Kinds of certificate modules.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;

/**
 * Base of the adapters. One is a class in classes/certificate/, named as the module.
 *
 * A certificate is one page: a background, and lines from top to bottom. A line is a text or a field of the learner's.
 */
abstract class certificate {
    /** @var string[] modules in the order in which they are looked for */
    const MODULES = ['customcert', 'simplecertificate'];
    /** @var string[] what a line can show */
    const KINDS = ['text', 'learner', 'course', 'grade', 'date', 'code'];
    /** @var float millimetres of a point */
    const POINT = 0.3528;

    /**
     * The adapter for a module, or for the first that the site has.
     *
     * @param string $module empty: any
     * @return self|null
     */
    public static function find(string $module = ''): ?self {
        foreach (self::MODULES as $name) {
            $class = "local_otbridge\\certificate\\$name";
            if (($module === '' || $module === $name) && (new $class())->missing() === '') {
                return new $class();
            }
        }
        return null;
    }

    /**
     * Why the site cannot use any of them.
     *
     * @return string empty: it can
     */
    public static function none(): string {
        if (self::find() !== null) {
            return '';
        }
        $reasons = array_map(static function ($name) {
            $class = "local_otbridge\\certificate\\$name";
            return "mod_$name: " . (new $class())->missing();
        }, self::MODULES);
        return get_string('nocertificates', 'local_otbridge', (object) ['reasons' => implode('; ', $reasons)]);
    }

    /**
     * Name of the module.
     *
     * @return string
     */
    final public function module(): string {
        return substr(strrchr(static::class, '\\'), 1);
    }

    /**
     * Why this site cannot use the module.
     *
     * @return string empty: it can
     */
    public function missing(): string {
        global $DB;

        if (!$DB->record_exists('modules', ['name' => $this->module()])) {
            return get_string('notinstalled', 'local_otbridge');
        }
        return $DB->record_exists('modules', ['name' => $this->module(), 'visible' => 1]) ? ''
            : get_string('moduleoff', 'local_otbridge', (object) ['type' => $this->module()]);
    }

    /**
     * What add_moduleinfo() takes beside what all modules have.
     *
     * @param array $params of the step
     * @return array
     */
    abstract public function data(array $params): array;

    /**
     * Lay the page out once the module is there.
     *
     * @param stdClass $made what add_moduleinfo() returned
     * @param array $params of the step
     * @param work $work
     */
    abstract public function lay_out(stdClass $made, array $params, work $work): void;

    /**
     * Table of the certificates that were issued, its field for the certificate, and a condition on those that count.
     *
     * @return string[]
     */
    abstract public function issues(): array;

    /**
     * Take away what the module itself leaves behind.
     *
     * @param array $params
     * @param array $results
     */
    public function clear(array $params, array $results): void {
    }

    /**
     * A font that has Cyrillic letters: the first of these that is there. The fonts that every PDF reader has lack them.
     *
     * @return string
     */
    protected function font(): string {
        global $CFG;

        foreach (['freeserif', 'freesans', 'dejavuserif', 'dejavusans'] as $name) {
            foreach ([$CFG->libdir . '/tcpdf/fonts', $CFG->dataroot . '/fonts'] as $folder) {
                if (is_readable("$folder/$name.php")) {
                    return $name;
                }
            }
        }
        return 'freeserif';
    }
}
