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
 * Tests of the steps that change or look at the whole site.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

use local_otbridge\task\work_on;

/**
 * Settings and files are set, given back, and not given back where somebody changed them since; a report finds what was planted.
 *
 * @covers \local_otbridge\step\backup_configure
 * @covers \local_otbridge\step\theme_apply
 * @covers \local_otbridge\step\site_audit
 * @covers \local_otbridge\site_settings
 * @covers \local_otbridge\site_files
 * @covers \local_otbridge\theme_scss
 */
class step_site_test extends step_testcase {
    /**
     * Settings as the database has them, for what a snapshot leaves out.
     *
     * @param string[] $plugins
     * @return string[] values by plugin and name
     */
    private function settings(array $plugins): array {
        global $DB;

        $found = [];
        foreach ($DB->get_records_list('config_plugins', 'plugin', $plugins, 'plugin, name') as $row) {
            $found["$row->plugin/$row->name"] = $row->value;
        }
        return $found + ['theme' => $DB->get_field('config', 'value', ['name' => 'theme'])];
    }

    public function test_backups_are_set_and_given_back() {
        $folder = make_request_directory();
        $before = $this->settings(['backup', 'tool_recyclebin']);
        $key = $this->key();
        $step = [
            'step' => 'backup.configure', 'schedule' => 'on', 'weekdays' => ['sat', 'tue'], 'hour' => 3, 'minute' => 30,
            'storage' => 'both', 'destination' => $folder, 'keep' => 10, 'with' => ['users', 'logs'], 'without' => ['badges'],
            'skiphidden' => 'off', 'coursebindays' => 21, 'categorybin' => 'on',
        ];
        $made = $this->do(['b' => $step], $key);
        $this->assertSame('0010001', get_config('backup', 'backup_auto_weekdays'));
        $this->assertSame(['1', '3', '30', '2', '10', $folder], [
            get_config('backup', 'backup_auto_active'), get_config('backup', 'backup_auto_hour'),
            get_config('backup', 'backup_auto_minute'), get_config('backup', 'backup_auto_storage'),
            get_config('backup', 'backup_auto_max_kept'), get_config('backup', 'backup_auto_destination'),
        ]);
        $this->assertSame((string) (21 * DAYSECS), get_config('tool_recyclebin', 'coursebinexpiry'));
        $this->assertSame('1', $made['b']['settings']['backup/backup_auto_users']);
        $this->assertSame([], $this->faults(['b' => $step]), 'ordered again it is still right');
        $this->assertSame('done', $this->take_back($key)['status']);
        $this->assertEquals($before, $this->settings(['backup', 'tool_recyclebin']));
    }

    public function test_a_setting_that_somebody_changed_since_stays() {
        $key = $this->key();
        $this->do(['b' => ['step' => 'backup.configure', 'hour' => 4, 'keep' => 5]], $key);
        set_config('backup_auto_max_kept', 30, 'backup');
        add_to_config_log('backup_auto_max_kept', 5, 30, 'backup');
        $undone = $this->take_back($key);
        $this->assertSame('changedsince', $undone['errorcode']);
        $facts = json_decode($undone['faults'], true)[0]['facts'];
        $this->assertSame('backup/backup_auto_max_kept', $facts['what']);
        $this->assertSame((int) $GLOBALS['USER']->id, $facts['userid']);
        $this->assertSame(['30', '4'], [get_config('backup', 'backup_auto_max_kept'), get_config('backup', 'backup_auto_hour')]);
    }

    public function test_faults_of_backups_are_found_beforehand() {
        global $CFG;
        set_config('backup_auto_weekdays', '0000000', 'backup');
        unset_config('backup_auto_logs', 'backup');
        $CFG->forced_plugin_settings['backup'] = ['backup_auto_hour' => 1];
        $this->assertSame([
            'steps[0] nosettings', 'steps[1].keep paramchoice', 'steps[1].minute paramchoice', 'steps[1].weekdays noweekdays',
            'steps[2].destination foldernotwritable', 'steps[3].destination folderpublic', 'steps[3].destination settingtwice',
            'steps[3].hour settingforced', 'steps[3].storage settingtwice', 'steps[3].with[0] settingunknown',
            'steps[3].without[0] settingtwice',
        ], $this->faults([
            'a' => ['step' => 'backup.configure'],
            'b' => ['step' => 'backup.configure', 'schedule' => 'on', 'keep' => 7, 'minute' => 7],
            'c' => ['step' => 'backup.configure', 'storage' => 'folder', 'destination' => '/no/such/folder'],
            'd' => [
                'step' => 'backup.configure', 'storage' => 'both', 'destination' => $CFG->dirroot . '/theme', 'hour' => 2,
                'with' => ['logs', 'users'], 'without' => ['users'],
            ],
        ]));
        unset($CFG->forced_plugin_settings['backup']);
    }

    public function test_a_theme_is_applied_and_given_back_with_its_files() {
        global $CFG;
        $before = $this->settings(['theme_classic', 'core_admin']);
        $scss = ".brand-test {\n  color: \$primary;\n}\n";
        $this->prove(['t' => [
            'step' => 'theme.apply', 'theme' => 'classic', 'brandcolor' => '#aa3312', 'scss' => $scss,
            'scsspre' => "\$\$enable-rounded: false;\n", 'preset' => 'ours.scss',
            'presetscss' => "@import \"fontawesome\";\n@import \"bootstrap\";\n@import \"moodle\";\n",
            'logo' => $this->file('Новый логотип.png', base64_decode(self::PNG)),
        ]], function (array $results) use ($CFG) {
            $this->assertSame('classic', $CFG->theme);
            $this->assertTrue($results['t']['active']);
            $this->assertSame(['Новый логотип.png'], array_map(static function ($line) {
                return substr($line, 41);
            }, site_files::listed('core_admin', 'logo')));
            $css = \theme_config::load('classic')->get_css_content();
            $this->assertMatchesRegularExpression('~\.brand-test\s*\{\s*color:\s*#aa3312~', $css);
        });
        $this->assertEquals($before, $this->settings(['theme_classic', 'core_admin']));
    }

    public function test_an_earlier_logo_comes_back() {
        global $DB;
        get_file_storage()->create_file_from_string([
            'contextid' => \context_system::instance()->id, 'component' => 'core_admin', 'filearea' => 'logo', 'itemid' => 0,
            'filepath' => '/', 'filename' => 'logo.png',
        ], 'old');
        set_config('logo', '/logo.png', 'core_admin');
        $was = site_files::listed('core_admin', 'logo');
        $key = $this->key();
        $logo = $this->file('logo.png', base64_decode(self::PNG));
        $this->do(['t' => ['step' => 'theme.apply', 'theme' => 'boost', 'logo' => $logo]], $key);
        $this->assertNotSame($was, site_files::listed('core_admin', 'logo'));
        $this->assertSame('done', $this->take_back($key)['status']);
        $this->assertSame($was, site_files::listed('core_admin', 'logo'));
        $this->assertSame('/logo.png', get_config('core_admin', 'logo'));
        $this->assertFalse($DB->record_exists('files', ['component' => 'local_otbridge', 'filearea' => site_files::AREA]));
    }

    public function test_a_logo_that_somebody_changed_since_stays() {
        $key = $this->key();
        $logo = $this->file('logo.png', base64_decode(self::PNG));
        $this->do(['t' => ['step' => 'theme.apply', 'theme' => 'boost', 'logo' => $logo]], $key);
        get_file_storage()->create_file_from_string([
            'contextid' => \context_system::instance()->id, 'component' => 'core_admin', 'filearea' => 'logo', 'itemid' => 0,
            'filepath' => '/', 'filename' => 'other.png',
        ], 'other');
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertCount(2, site_files::listed('core_admin', 'logo'));
    }

    public function test_what_would_break_the_look_is_named_by_text_and_line() {
        $find = function (array $texts): array {
            $told = external\check::execute($this->program(['t' => ['step' => 'theme.apply', 'theme' => 'boost'] + $texts]), 0);
            return array_map(static function ($fault) {
                $facts = json_decode($fault['facts'], true);
                return [$fault['path'], $fault['code'], $facts['line'] ?? null, $facts['text'] ?? null];
            }, $told['faults']);
        };
        $this->assertSame([['steps[0].scss', 'scssinvalid', 2, 'color: $nosuch;']], $find(['scss' => ".a {\n color: \$nosuch;\n}"]));
        $this->assertSame([['steps[0].scsspre', 'scssinvalid', 1, '@include nosuch;']], $find(['scsspre' => '@include nosuch;']));
        $this->assertSame([['steps[0].scss', 'scssinvalid', 1, '.a {']], $find(['scss' => '.a {']));
        $this->assertSame([['steps[0].scss', 'scssinvalid', 2, '@import "nosuch";']], $find(['scss' => "\n@import \"nosuch\";"]));
        $this->assertSame(
            [['steps[0].scss', 'scssaddress', 1, '.a { background: url(https://x.example/a.png) }']],
            $find(['scss' => '.a { background: url(https://x.example/a.png) }'])
        );
        $this->assertSame([], $find(['scss' => "// See the brand book.\n.a { color: red; }"]));
    }

    public function test_faults_of_a_theme_are_found_beforehand() {
        $text = $this->file('logo.png', 'no picture');
        $this->assertSame([
            'steps[0].theme themenotfound', 'steps[1].logo notpicture', 'steps[1].navbardark settingunknown',
            'steps[1].preset presetnotfound',
        ], $this->faults([
            'a' => ['step' => 'theme.apply', 'theme' => 'nosuch'],
            'b' => ['step' => 'theme.apply', 'theme' => 'boost', 'navbardark' => 'on', 'preset' => 'nosuch.scss', 'logo' => $text],
        ]));
        $this->assertSame(['steps[0].preset presetname'], $this->faults([
            'a' => ['step' => 'theme.apply', 'theme' => 'boost', 'presetscss' => '.a { color: red; }'],
        ]));
    }

    /**
     * Run a report as cron does.
     *
     * @param array $step
     * @return array the report
     */
    private function report(array $step): array {
        $key = $this->key();
        $this->assertSame('queued', external\run::execute($key, $this->program(['a' => ['step' => 'site.audit'] + $step]), $this->draft())['status']);
        $task = new work_on();
        $task->set_custom_data(['operationid' => operations::find($key)->id]);
        $task->execute();
        $this->setAdminUser();
        $told = external\get_operation::execute($key);
        $this->assertSame('done', $told['status'], $told['error']);
        return json_decode($told['result'], true)['a']['report'];
    }

    public function test_a_report_tells_versions_plugins_checks_and_cron() {
        global $CFG, $DB;
        $table = new \xmldb_table('otbridge_extra');
        $table->add_field('id', XMLDB_TYPE_INTEGER, '10', null, XMLDB_NOTNULL, XMLDB_SEQUENCE);
        $table->add_key('primary', XMLDB_KEY_PRIMARY, ['id']);
        $DB->get_manager()->create_table($table);
        try {
            $report = $this->report([]);
        } finally {
            $DB->get_manager()->drop_table($table);
        }
        $this->assertSame($CFG->release, $report['versions']['release']);
        $own = array_column($report['plugins'], null, 'component')['local_otbridge'];
        $this->assertTrue($own['added']);
        $this->assertSame([get_config('local_otbridge', 'version'), 64], [$own['version'], strlen($own['digest'])]);
        $this->assertSame(['state' => 'nolist'], $report['core']);
        $this->assertContains('otbridge_extra', array_column($report['schema']['problems'], 'table'));
        $this->assertSame(['security', 'status'], array_values(array_unique(array_column($report['checks'], 'kind'))));
        $this->assertContains('core_riskadmin', array_column($report['checks'], 'id'));
        $this->assertSame(0, $report['cron']['last']);
        $this->assertStringNotContainsString($CFG->dataroot, json_encode($report, JSON_UNESCAPED_SLASHES));
        $this->assertStringNotContainsString($CFG->dbpass ?: 'no password', json_encode($report));
    }

    public function test_core_files_are_compared_with_the_release() {
        global $CFG;
        preg_match('~\$version\s*=\s*([0-9.]+)~', file_get_contents($CFG->dirroot . '/version.php'), $version);
        $sum = hash_file('sha256', $CFG->dirroot . '/index.php');
        $text = audit\core_files::HEAD . "\n# version: $version[1]\n# release: 4.5\n$sum  index.php\n"
            . str_repeat('0', 64) . "  file.php\n" . str_repeat('1', 64) . "  nosuch.php\n";
        $core = $this->report(['checksums' => $this->file('checksums.txt', $text)])['core'];
        $this->assertSame(['compared', ['file.php'], ['nosuch.php']], [$core['state'], $core['changed'], $core['missing']]);
        $this->assertGreaterThan(1000, $core['addedcount']);
        $this->assertCount(audit\core_files::MOST, $core['added']);
        $other = str_replace($version[1], '2020010100.00', $text);
        $this->assertSame('otherrelease', $this->report(['checksums' => $this->file('c.txt', $other)])['core']['state']);
    }

    public function test_what_is_no_list_of_checksums_is_refused_by_its_line() {
        $bad = audit\core_files::HEAD . "\n# version: 1\n" . str_repeat('0', 64) . "  ../config.php\n";
        $this->assertSame(['steps[0].checksums checksumsinvalid'], $this->faults([
            'a' => ['step' => 'site.audit', 'checksums' => $this->file('a.txt', $bad)],
        ]));
        $this->assertSame(['steps[0].checksums checksumsinvalid'], $this->faults([
            'a' => ['step' => 'site.audit', 'checksums' => $this->file('b.txt', 'nothing')],
        ]));
    }
}
