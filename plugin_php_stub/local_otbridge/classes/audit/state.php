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
 * How a site is doing: versions, schema, checks, backups, cron.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\audit;

use core\check\manager;

/**
 * Reads only. Nothing personal and no secret goes into what it tells: of checks the summary alone, of folders no names.
 */
class state {
    /** @var int lines of each list at most */
    const MOST = 300;

    /**
     * Versions.
     *
     * @return array
     */
    public static function versions(): array {
        global $CFG, $DB;

        $server = $DB->get_server_info();
        return [
            'release' => (string) $CFG->release, 'version' => (string) $CFG->version, 'php' => PHP_VERSION,
            'os' => PHP_OS_FAMILY, 'database' => $DB->get_dbfamily(),
            'databaseversion' => preg_replace('~[^0-9A-Za-z.+_ -].*$~', '', (string) ($server['version'] ?? '')),
            'theme' => (string) $CFG->theme, 'maintenance' => !empty($CFG->maintenance_enabled), 'debug' => (int) $CFG->debug,
        ];
    }

    /**
     * What differs between the database and what Moodle and its plugins say of it.
     *
     * @return array
     */
    public static function schema(): array {
        global $DB;

        $manager = $DB->get_manager();
        $lines = [];
        foreach ($manager->check_database_schema($manager->get_install_xml_schema()) as $table => $errors) {
            foreach ($errors as $error) {
                $lines[] = ['table' => (string) $table, 'problem' => self::plain((string) $error)];
            }
        }
        return ['count' => count($lines), 'problems' => array_slice($lines, 0, self::MOST)];
    }

    /**
     * Moodle's own checks of security and of the site's state.
     *
     * @param callable $progress told the share that is done
     * @return array
     */
    public static function checks(callable $progress): array {
        $found = [];
        $kinds = ['security' => manager::get_security_checks(), 'status' => manager::get_status_checks()];
        $done = 0;
        $all = array_sum(array_map('count', $kinds));
        foreach ($kinds as $kind => $checks) {
            foreach ($checks as $check) {
                try {
                    $result = $check->get_result();
                    [$status, $summary] = [$result->get_status(), self::plain((string) $result->get_summary())];
                } catch (\Throwable $error) {
                    [$status, $summary] = ['unknown', get_class($error)];
                }
                $found[] = [
                    'kind' => $kind, 'id' => $check->get_ref(), 'name' => self::plain($check->get_name()), 'status' => $status,
                    'summary' => $summary,
                ];
                $progress(++$done / max(1, $all));
            }
        }
        return $found;
    }

    /**
     * Automated backups and recycle bins.
     *
     * @return array
     */
    public static function backups(): array {
        global $DB;

        $config = get_config('backup');
        $folder = (string) ($config->backup_auto_destination ?? '');
        $bins = get_config('tool_recyclebin');
        $last = (int) $DB->get_field_sql('SELECT MAX(lastendtime) FROM {backup_courses}');
        return [
            'schedule' => (int) ($config->backup_auto_active ?? 0), 'weekdays' => (string) ($config->backup_auto_weekdays ?? ''),
            'storage' => (int) ($config->backup_auto_storage ?? 0), 'folder' => $folder === '' ? 'none'
                : (is_dir($folder) && is_writable($folder) ? 'writable' : 'bad'),
            'keep' => (int) ($config->backup_auto_max_kept ?? 0), 'users' => (int) ($config->backup_auto_users ?? 0), 'last' => $last,
            'results' => array_map('intval', $DB->get_records_sql_menu(
                'SELECT laststatus, COUNT(*) FROM {backup_courses} GROUP BY laststatus ORDER BY laststatus'
            )),
            'coursebin' => (int) ($bins->coursebinenable ?? 0), 'categorybin' => (int) ($bins->categorybinenable ?? 0),
            'coursebindays' => intdiv((int) ($bins->coursebinexpiry ?? 0), DAYSECS),
            'categorybindays' => intdiv((int) ($bins->categorybinexpiry ?? 0), DAYSECS),
        ];
    }

    /**
     * Cron and its tasks.
     *
     * @return array
     */
    public static function cron(): array {
        global $DB;

        $failing = $DB->get_records_select(
            'task_scheduled',
            'faildelay > 0',
            null,
            'classname',
            'id, classname, component, faildelay, lastruntime',
            0,
            self::MOST
        );
        $disabled = $DB->get_fieldset_select('task_scheduled', 'classname', 'disabled = 1 ORDER BY classname');
        $waiting = $DB->get_record_sql('SELECT COUNT(*) AS number, MIN(nextruntime) AS oldest FROM {task_adhoc}');
        $failed = $DB->get_records_sql_menu(
            'SELECT classname, COUNT(*) FROM {task_adhoc} WHERE faildelay > 0 GROUP BY classname ORDER BY classname'
        );
        return [
            'last' => (int) (get_config('tool_task', 'lastcronstart') ?: 0),
            'failing' => array_values(array_map(static function ($task) {
                return [
                    'task' => $task->classname, 'delay' => (int) $task->faildelay, 'last' => (int) $task->lastruntime,
                ];
            }, $failing)),
            'disabled' => array_slice($disabled, 0, self::MOST), 'waiting' => (int) $waiting->number,
            'oldest' => (int) $waiting->oldest, 'failingadhoc' => array_map('intval', $failed),
        ];
    }

    /**
     * A text on one line, without markup.
     *
     * @param string $html
     * @return string
     */
    private static function plain(string $html): string {
        $text = html_entity_decode(strip_tags($html), ENT_QUOTES | ENT_HTML5, 'UTF-8');
        return \core_text::substr(trim(preg_replace('~\s+~u', ' ', fix_utf8($text))), 0, 500);
    }
}
