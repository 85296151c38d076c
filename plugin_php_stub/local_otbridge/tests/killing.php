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
 * Works on an operation in a process that is killed at a moment, and looks at what a site is like afterwards.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

// Usage: php local/otbridge/tests/killing.php COMMAND [JSON], where tests/live/test_killing.py of the bridge calls it. The last line
// that it prints is JSON. Commands: run, undo, cron (killed after "seconds", 0 = never), look, orphans, person, remove,
// forget.

define('CLI_SCRIPT', true);

require(getenv('MOODLE_CONFIG') ?: __DIR__ . '/../../../config.php');
require_once(__DIR__ . '/../externalcompat.php');
require_once($CFG->libdir . '/filelib.php');
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/ddllib.php');
require_once($CFG->dirroot . '/course/lib.php');
require_once($CFG->dirroot . '/user/lib.php');

use local_otbridge\external\run;
use local_otbridge\external\undo;
use local_otbridge\kinds;
use local_otbridge\operations;
use local_otbridge\step_rows;
use local_otbridge\steps;

/**
 * Kills and looks.
 */
class local_otbridge_killing {
    /** @var string tables whose rows come and go by themselves or when pages are looked at, or stay by design */
    const RESTLESS = '/^(log|logstore_\w+|task_\w+|sessions|local_otbridge_\w+|\w+_history|backup_\w+|block_recent\w+|config\w*'
        . '|tool_recyclebin_\w+|context|files|files_reference|lock_db|messages?\w*|notifications|user_lastaccess|user_preferences|cache_\w+'
        . '|external_tokens|external_services_users|upgrade_log|stats_\w+|question_statistics|local_learninghistory\w*|temp\w*)$/';

    /** @var array|null what was told */
    private static $answer = null;

    /**
     * Obey.
     *
     * @param string $command
     * @param array $told
     */
    public static function main(string $command, array $told): void {
        if (!empty($told['userid'])) {
            \core\session\manager::set_user(core_user::get_user($told['userid'], '*', MUST_EXIST));
        } else {
            \core\session\manager::set_user(get_admin());
        }
        $answer = self::$command($told);
        echo "\n", json_encode($answer, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    }

    /**
     * Let this process be killed after so many seconds, whatever it does then.
     *
     * @param float $seconds 0 = never
     */
    private static function die_after(float $seconds): void {
        if ($seconds > 0) {
            $killer = (int) exec(sprintf('(sleep %.4F; kill -9 %d) > /dev/null 2>&1 & echo $!', $seconds, getmypid()));
            core_shutdown_manager::register_function(static function () use ($killer) {
                exec("kill $killer 2> /dev/null"); // So that it cannot hit another process with this one's number.
            });
        }
    }

    /**
     * The web service's function run.
     *
     * @param array $told key, program, seconds
     * @return array
     */
    private static function run(array $told): array {
        self::die_after($told['seconds']);
        return self::timed(static function () use ($told) {
            return run::execute($told['key'], $told['program'], 0);
        });
    }

    /**
     * The web service's function undo.
     *
     * @param array $told key, undoes, seconds
     * @return array
     */
    private static function undo(array $told): array {
        self::die_after($told['seconds']);
        return self::timed(static function () use ($told) {
            return undo::execute($told['key'], $told['undoes']);
        });
    }

    /**
     * What cron does for operations: the rescue, then the ad hoc tasks.
     *
     * @param array $told seconds
     * @return array
     */
    private static function cron(array $told): array {
        global $CFG, $DB;

        self::die_after($told['seconds']);
        return self::timed(static function () use ($CFG, $DB) {
            $new = class_exists('core\cron');
            if ($new) {
                \core\cron::setup_user();
            } else {
                require_once($CFG->libdir . '/cronlib.php');
                cron_setup_user();
            }
            (new \local_otbridge\task\rescue())->execute();
            $DB->set_field_select('task_adhoc', 'nextruntime', time() - 1, "component = 'local_otbridge'"); // Without its delay.
            $new ? \core\cron::run_adhoc_tasks(time()) : cron_run_adhoc_tasks(time());
            return ['status' => ''];
        });
    }

    /**
     * Call, and say how long it took.
     *
     * @param callable $do
     * @return array
     */
    private static function timed(callable $do): array {
        $begun = microtime(true);
        try {
            $answer = $do();
        } catch (Throwable $error) {
            $answer = ['status' => 'refused', 'errorcode' => $error->errorcode ?? get_class($error), 'error' => $error->getMessage()];
        }
        return ['seconds' => microtime(true) - $begun] + $answer;
    }

    /**
     * How an operation and what it touched are.
     *
     * @param array $told key
     * @return array
     */
    private static function look(array $told): array {
        global $DB;

        $operation = operations::find($told['key']);
        $counts = self::counts();
        if ($operation === null) {
            return ['status' => 'none', 'error' => '', 'wrong' => [], 'courses' => [], 'counts' => $counts];
        }
        $rows = step_rows::of((int) $operation->id);
        $steps = json_decode((string) $operation->program, true)['steps'] ?? [];
        $wrong = $courses = [];
        foreach ($rows as $row) {
            $courses = array_merge($courses, json_decode($row->courses ?: '[]'));
            $results = json_decode($row->result ?: '{}', true);
            foreach (steps::get($row->step)->results() as $field => $type) {
                $kind = rtrim($type, '[]');
                $made = in_array($field, ['id', 'ids', 'cmid'], true); // The others may name what was there before.
                if (!isset(kinds::TABLES[$kind]) || !($row->status === 'done' || ($row->status === 'undone' && $made))) {
                    continue;
                }
                foreach ((array) ($results[$field] ?? []) as $id) {
                    if (kinds::exists($kind, (int) $id) !== ($row->status === 'done')) {
                        $wrong[] = "{$row->step} is {$row->status}, and its $kind $id is " . ($row->status === 'done' ? 'gone' : 'there');
                    }
                }
            }
        }
        $statuses = array_values(array_unique(array_column($rows, 'status')));
        if (!operations::is_open($operation)) {
            $whole = $operation->kind === 'undo' || ($operation->status === 'done' && count($rows) === count($steps));
            $wanted = $operation->status === 'done' && !$operation->undoneby ? [['done']] : [[], ['undone']];
            if ($operation->kind === 'run' && (!in_array($statuses, $wanted, true) || ($operation->status === 'done' && !$whole))) {
                $wrong[] = "it is {$operation->status}, with rows " . implode(', ', $statuses) . ': ' . $operation->error;
            }
        }
        $courses = array_values(array_unique($courses));
        foreach ($courses as $courseid) {
            $wrong = array_merge($wrong, self::cached((int) $courseid));
        }
        $there = $courses ? $DB->get_fieldset_select('course', 'id', 'id IN (' . implode(',', $courses) . ')') : [];
        return [
            'status' => $operation->status, 'wrong' => $wrong, 'error' => $operation->error,
            'errorcode' => $operation->errorcode, 'courses' => array_map('intval', $courses), 'there' => array_map('intval', $there),
            'counts' => $counts, 'pages' => self::pages($there), 'result' => json_decode($operation->result ?: '{}', true),
        ];
    }

    /**
     * Where a course's caches and its database differ.
     *
     * @param int $courseid
     * @return string[]
     */
    private static function cached(int $courseid): array {
        global $DB;

        $course = $DB->get_record('course', ['id' => $courseid]);
        if (!$course) {
            return [];
        }
        $wrong = [];
        $modinfo = get_fast_modinfo($course);
        $pairs = [
            'modules' => [array_keys($modinfo->get_cms()), $DB->get_fieldset_select('course_modules', 'id', 'course = ?', [$courseid])],
            'sections' => [
                array_column(array_map(static function ($section) {
                    return ['id' => $section->id];
                }, $modinfo->get_section_info_all()), 'id'),
                $DB->get_fieldset_select('course_sections', 'id', 'course = ?', [$courseid]),
            ],
            'groups' => [
                array_keys(groups_get_course_data($courseid)->groups),
                $DB->get_fieldset_select('groups', 'id', 'courseid = ?', [$courseid]),
            ],
            'groupings' => [
                array_keys(groups_get_course_data($courseid)->groupings),
                $DB->get_fieldset_select('groupings', 'id', 'courseid = ?', [$courseid]),
            ],
        ];
        foreach ($pairs as $what => [$cached, $stored]) {
            $cached = array_map('intval', $cached);
            $stored = array_map('intval', $stored);
            sort($cached);
            sort($stored);
            if ($cached !== $stored) {
                $wrong[] = "cached $what of course $courseid: " . json_encode($cached) . ', stored: ' . json_encode($stored);
            }
        }
        $listed = [];
        foreach ($DB->get_records('course_sections', ['course' => $courseid]) as $section) {
            $listed = array_merge($listed, array_filter(explode(',', (string) $section->sequence)));
        }
        sort($listed, SORT_NUMERIC);
        if (array_map('intval', $listed) !== array_values($stored = self::sorted($pairs['modules'][1]))) {
            $wrong[] = "sections of course $courseid list " . implode(',', $listed) . ' of ' . implode(',', $stored);
        }
        return $wrong;
    }

    /**
     * Whole numbers in order.
     *
     * @param array $ids
     * @return int[]
     */
    private static function sorted(array $ids): array {
        $ids = array_map('intval', $ids);
        sort($ids);
        return $ids;
    }

    /**
     * Addresses of the pages of courses, below the site's own; not of the grades, for a look at them changes the course.
     *
     * @param int[] $courses
     * @return string[][] by course
     */
    private static function pages(array $courses): array {
        $pages = [];
        foreach ($courses as $id) {
            foreach ([
                "/user/index.php?id=$id", "/group/index.php?id=$id", "/group/groupings.php?id=$id",
                "/group/overview.php?id=$id", "/backup/backup.php?id=$id",
            ] as $page) {
                $pages[$id][] = $page;
            }
            foreach (get_fast_modinfo($id)->get_cms() as $cm) {
                if ($cm->url !== null) {
                    $pages[$id][] = $cm->url->out_as_local_url(false);
                }
            }
        }
        return $pages;
    }

    /**
     * How many rows each table has, and each area of files, less what comes and goes by itself.
     *
     * @return int[]
     */
    private static function counts(): array {
        global $DB;

        $counts = [];
        foreach ($DB->get_tables(false) as $table) {
            if (!preg_match(self::RESTLESS, $table)) {
                // A look at the grades makes the course's own category.
                $where = ['grade_categories' => 'parent IS NOT NULL', 'grade_items' => "itemtype <> 'course'"][$table] ?? '1 = 1';
                $counts[$table] = $DB->count_records_select($table, $where);
            }
        }
        $areas = $DB->get_records_sql("SELECT component || '/' || filearea AS area, COUNT(*) AS files FROM {files}
            WHERE component <> 'tool_recyclebin' GROUP BY component, filearea");
        foreach ($areas as $area) {
            $counts['files ' . $area->area] = (int) $area->files;
        }
        return $counts;
    }

    /**
     * Rows that point nowhere: by each foreign key that the site's install.xml files name, and by some that they don't.
     *
     * @param array $told
     * @return string[]
     */
    private static function orphans(array $told): array {
        global $DB;

        $found = [];
        $tables = array_flip($DB->get_tables(false));
        foreach ($DB->get_manager()->get_install_xml_schema()->getTables() as $table) {
            foreach ($table->getKeys() as $key) {
                $name = $table->getName();
                if (!in_array($key->getType(), [XMLDB_KEY_FOREIGN, XMLDB_KEY_FOREIGN_UNIQUE], true) || count($key->getFields()) !== 1
                        || !isset($tables[$name], $tables[$key->getRefTable()]) || preg_match('/history|^log|^backup/', $name)) {
                    continue;
                }
                [$field] = $key->getFields();
                [$reffield] = $key->getRefFields();
                self::count_orphans($found, "$name.$field", "SELECT COUNT(*) FROM {{$name}} a WHERE a.$field <> 0
                    AND NOT EXISTS (SELECT 1 FROM {{$key->getRefTable()}} b WHERE b.$reffield = a.$field)");
            }
        }
        foreach ([CONTEXT_COURSE => 'course', CONTEXT_MODULE => 'course_modules', CONTEXT_COURSECAT => 'course_categories'] as $level => $name) {
            self::count_orphans($found, "context of $name", "SELECT COUNT(*) FROM {context} a WHERE a.contextlevel = $level
                AND NOT EXISTS (SELECT 1 FROM {{$name}} b WHERE b.id = a.instanceid)");
        }
        foreach ($DB->get_records('modules') as $module) {
            self::count_orphans($found, "$module->name without course module", "SELECT COUNT(*) FROM {{$module->name}} a
                WHERE NOT EXISTS (SELECT 1 FROM {course_modules} c WHERE c.module = $module->id AND c.instance = a.id)");
            self::count_orphans($found, "course module without $module->name", "SELECT COUNT(*) FROM {course_modules} c
                WHERE c.module = $module->id AND NOT EXISTS (SELECT 1 FROM {{$module->name}} a WHERE a.id = c.instance)");
            self::count_orphans($found, "grade item of $module->name", "SELECT COUNT(*) FROM {grade_items} g
                WHERE g.itemmodule = '$module->name' AND NOT EXISTS (SELECT 1 FROM {{$module->name}} a WHERE a.id = g.iteminstance)");
        }
        self::count_orphans($found, 'course module in deletion', 'SELECT COUNT(*) FROM {course_modules} WHERE deletioninprogress = 1');
        self::count_orphans($found, 'file without context', 'SELECT COUNT(*) FROM {files} f
            WHERE NOT EXISTS (SELECT 1 FROM {context} c WHERE c.id = f.contextid)');
        self::count_orphans($found, 'file of an ended operation', "SELECT COUNT(*) FROM {files} f WHERE f.component = 'local_otbridge'
            AND NOT EXISTS (SELECT 1 FROM {" . operations::TABLE . "} o WHERE o.id = f.itemid AND o.status NOT IN ('done', 'failed'))");
        foreach (['course' => 'course', 'category' => 'coursecat'] as $bin => $area) {
            $same = "f.itemid = b.id AND f.component = 'tool_recyclebin' AND f.filearea = 'recyclebin_$area' AND f.filename <> '.'";
            self::count_orphans($found, "$bin bin without file", "SELECT COUNT(*) FROM {tool_recyclebin_$bin} b
                WHERE NOT EXISTS (SELECT 1 FROM {files} f WHERE $same)");
            self::count_orphans($found, "file of the $bin bin", "SELECT COUNT(*) FROM {files} f WHERE f.component = 'tool_recyclebin'
                AND f.filearea = 'recyclebin_$area' AND f.filename <> '.' AND NOT EXISTS (SELECT 1 FROM {tool_recyclebin_$bin} b
                WHERE b.id = f.itemid)");
        }
        self::count_orphans($found, 'course bin of a course that is gone', 'SELECT COUNT(*) FROM {tool_recyclebin_course} b
            WHERE NOT EXISTS (SELECT 1 FROM {course} c WHERE c.id = b.courseid)');
        self::count_orphans($found, 'page out of its chain', 'SELECT COUNT(*) FROM {lesson_pages} p WHERE p.nextpageid <> 0
            AND NOT EXISTS (SELECT 1 FROM {lesson_pages} q WHERE q.id = p.nextpageid AND q.prevpageid = p.id)');
        self::count_orphans($found, 'group twice', 'SELECT COUNT(*) FROM (SELECT courseid, name FROM {groups}
            GROUP BY courseid, name HAVING COUNT(*) > 1) twice');
        self::count_orphans($found, 'entry twice', 'SELECT COUNT(*) FROM (SELECT glossaryid, concept FROM {glossary_entries}
            GROUP BY glossaryid, concept HAVING COUNT(*) > 1) twice');
        return $found;
    }

    /**
     * Count.
     *
     * @param int[] $found by what it is
     * @param string $what
     * @param string $sql
     */
    private static function count_orphans(array &$found, string $what, string $sql): void {
        global $DB;

        try {
            $count = $DB->count_records_sql($sql);
        } catch (dml_exception $error) {
            return; // Some of core's own keys compare text with numbers, or name tables that this site has not.
        }
        if ($count) {
            $found[$what] = $count;
        }
    }

    /**
     * Somebody who sees every page, and may log in; enrolled in courses.
     *
     * @param array $told courses
     * @return array
     */
    private static function person(array $told): array {
        global $CFG, $DB;

        require_once($CFG->libdir . '/enrollib.php');
        $name = 'killing';
        $password = 'Aa1-' . random_string(20);
        $user = $DB->get_record('user', ['username' => $name, 'mnethostid' => $CFG->mnet_localhost_id]);
        if (!$user) {
            $id = user_create_user([
                'username' => $name, 'firstname' => 'Kills', 'lastname' => 'And looks', 'email' => "$name@example.org", 'confirmed' => 1,
                'auth' => 'manual', 'mnethostid' => $CFG->mnet_localhost_id, 'password' => $password,
            ], true, false);
            $user = core_user::get_user($id);
            role_assign($DB->get_field('role', 'id', ['shortname' => 'manager'], MUST_EXIST), $id, context_system::instance());
        } else {
            update_internal_user_password($user, $password);
        }
        foreach ($told['courses'] ?? [] as $courseid) {
            enrol_try_internal_enrol($courseid, $user->id);
        }
        return ['id' => (int) $user->id, 'username' => $name, 'password' => $password];
    }

    /**
     * Delete courses; the recycle bin does not keep them.
     *
     * @param array $told courses
     * @return array
     */
    private static function remove(array $told): array {
        foreach ($told['courses'] as $courseid) {
            \local_otbridge\changes::delete_course($courseid, false);
        }
        return [];
    }

    /**
     * Delete that person.
     *
     * @param array $told
     * @return array
     */
    private static function forget(array $told): array {
        global $DB;

        $user = $DB->get_record('user', ['username' => 'killing', 'deleted' => 0]);
        return ['done' => $user ? user_delete_user($user) : false];
    }
}

local_otbridge_killing::main($argv[1], json_decode($argv[2] ?? '{}', true));
