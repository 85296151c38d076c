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
 * Step site.audit: a report on the site; changes nothing.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/adminlib.php');
require_once($GLOBALS['CFG']->libdir . '/ddllib.php');

use context_system;
use local_otbridge\audit\core_files;
use local_otbridge\audit\plugins;
use local_otbridge\audit\state;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Looks at plugins, core files, schema, checks, backups and cron.
 */
class site_audit extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'checksums' => field::file()->default(null),
            'lang' => field::text(20)->pattern('/^[a-z][a-z_]*\z/')->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['report' => ''];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['local/otbridge:audit'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['local/otbridge:audit', context_system::instance()]];
    }

    /**
     * Hashing all files and comparing all tables takes its time.
     *
     * @return bool
     */
    public function heavy(): bool {
        return true;
    }

    /**
     * Nothing is taken back.
     *
     * @return bool
     */
    public function undo_heavy(): bool {
        return false;
    }

    /**
     * It only reads, for long: no transaction is kept open meanwhile.
     *
     * @return bool
     */
    public function transactional(): bool {
        return false;
    }

    /**
     * Look whether the file is a list of checksums.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $file = is_string($params['checksums']) ? $checking->file($params['checksums']) : null;
        $line = $file === null ? null : core_files::bad_line($file);
        if ($line !== null) {
            $facts = ['name' => $checking->file_name($params['checksums']), 'line' => $line];
            $checking->fault('checksums', 'checksumsinvalid', $facts);
        }
    }

    /**
     * Look.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $lang = $params['lang'];
        $before = $lang !== '' && get_string_manager()->translation_exists($lang) ? force_current_language($lang) : null;
        $part = static function (float $from, float $to) use ($work) {
            return static function (float $share) use ($work, $from, $to) {
                $work->progress($from + ($to - $from) * $share);
            };
        };
        ob_start(); // Checks of third parties may say something.
        try {
            $report = [
                'time' => time(), 'versions' => state::versions(), 'plugins' => plugins::listed($part(0.0, 0.15)),
                'core' => core_files::compared($params['checksums'] === null ? null : $work->file($params['checksums']), $part(0.15, 0.7)),
                'schema' => state::schema(), 'checks' => state::checks($part(0.8, 0.95)), 'backups' => state::backups(),
                'cron' => state::cron(),
            ];
        } finally {
            ob_end_clean();
            if ($before !== null) {
                force_current_language($before);
            }
        }
        return ['report' => $report];
    }

    /**
     * There is nothing to take back.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
    }
}
