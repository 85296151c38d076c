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
 * Tests of the language files.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../externalcompat.php');

/**
 * Both languages have the same strings, and every function and capability has what it needs.
 *
 * @coversNothing
 */
class lang_test extends \advanced_testcase {
    /**
     * Strings of a language.
     *
     * @param string $language
     * @return string[]
     */
    private function strings(string $language): array {
        $string = [];
        include(__DIR__ . "/../lang/$language/local_otbridge.php");
        return $string;
    }

    /**
     * Places of a string where something is put in.
     *
     * @param string $text
     * @return string[] sorted
     */
    private function places(string $text): array {
        preg_match_all('/\{\$a[^}]*\}/', $text, $found);
        sort($found[0]);
        return array_values(array_unique($found[0]));
    }

    public function test_every_errorcode_has_a_string() {
        $english = $this->strings('en');
        foreach (array_merge(glob(__DIR__ . '/../classes/*.php'), glob(__DIR__ . '/../classes/*/*.php')) as $file) {
            $code = file_get_contents($file);
            preg_match_all("/(?:new refusal\\(|new fault\\([^,]+, |->fault\\([^,]+, |->note\\([^,]+, )'([a-z]+)'/", $code, $found);
            foreach ($found[1] as $name) {
                $this->assertArrayHasKey($name, $english, $file);
            }
        }
        foreach (array_keys(kinds::TABLES) as $kind) {
            $this->assertArrayHasKey($kind . 'notfound', $english);
        }
    }

    public function test_both_languages_have_the_same_strings_and_places() {
        $english = $this->strings('en');
        $russian = $this->strings('ru');
        $this->assertSame(array_keys($english), array_keys($russian));
        foreach ($english as $name => $text) {
            $this->assertSame($this->places($text), $this->places($russian[$name]), $name);
        }
    }

    public function test_every_capability_and_privacy_field_has_a_string() {
        $capabilities = [];
        include(__DIR__ . '/../db/access.php');
        $names = array_map(static function ($name) {
            return str_replace('local/', '', $name);
        }, array_keys($capabilities));
        $this->assertSame([], array_diff($names, array_keys($this->strings('en'))));
        $collection = privacy\provider::get_metadata(new \core_privacy\local\metadata\collection('local_otbridge'));
        foreach ($collection->get_collection() as $table) {
            $told = array_merge([$table->get_summary()], array_values($table->get_privacy_fields()));
            $this->assertSame([], array_diff($told, array_keys($this->strings('en'))));
        }
    }

    public function test_every_function_of_the_service_exists() {
        global $DB;
        $functions = $services = [];
        include(__DIR__ . '/../db/services.php');
        $wanted = array_merge(array_keys($functions), $services['Norm-hours bridge']['functions']);
        foreach ($wanted as $name) {
            $this->assertTrue($DB->record_exists('external_functions', ['name' => $name]), $name);
            $this->assertNotFalse(\core_external\external_api::external_function_info($name));
        }
    }
}
