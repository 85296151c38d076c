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
 * The plugins of a site that are not Moodle's own.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\audit;

use core_component;
use core_plugin_manager;

/**
 * Lists them with versions, origins, and a digest of their files, so that two reports can be compared.
 */
class plugins {
    /** @var int plugins in a report at most */
    const MOST = 500;

    /**
     * Third-party plugins, and standard ones that are missing or not upgraded.
     *
     * @param callable $progress told the share that is done
     * @return array of objects
     */
    public static function listed(callable $progress): array {
        $found = [];
        $types = core_plugin_manager::instance()->get_plugins();
        $done = 0;
        foreach ($types as $type => $plugins) {
            foreach ($plugins as $plugin) {
                $status = $plugin->get_status();
                $added = !$plugin->is_standard();
                $sound = in_array($status, [core_plugin_manager::PLUGIN_STATUS_UPTODATE, core_plugin_manager::PLUGIN_STATUS_NODB], true);
                if ($added || !$sound) {
                    $found[$plugin->component] = self::told($plugin, $added, $status);
                }
            }
            $progress(++$done / count($types));
        }
        ksort($found);
        return array_slice(array_values($found), 0, self::MOST);
    }

    /**
     * Folders of third-party plugins.
     *
     * @return string[] real paths
     */
    public static function folders(): array {
        $found = [];
        foreach (core_plugin_manager::instance()->get_plugins() as $plugins) {
            foreach ($plugins as $plugin) {
                if (!$plugin->is_standard() && $plugin->rootdir && ($real = realpath($plugin->rootdir)) !== false) {
                    $found[] = $real;
                }
            }
        }
        return array_values(array_unique($found));
    }

    /**
     * What a report says of a plugin.
     *
     * @param \core\plugininfo\base $plugin
     * @param bool $added whether it is a third party's
     * @param string $status one of core_plugin_manager's
     * @return array
     */
    private static function told($plugin, bool $added, string $status): array {
        $folder = $plugin->rootdir && is_dir($plugin->rootdir) ? $plugin->rootdir : '';
        [$files, $digest] = $folder === '' || !$added ? [0, ''] : self::digest($folder);
        $enabled = $plugin->is_enabled();
        return [
            'component' => $plugin->component, 'name' => strip_tags((string) $plugin->displayname), 'added' => $added,
            'status' => $status, 'release' => (string) $plugin->release, 'version' => (string) $plugin->versiondisk,
            'installed' => (string) $plugin->versiondb, 'requires' => (string) $plugin->versionrequires,
            'enabled' => $enabled === null ? 'unknown' : ($enabled ? 'yes' : 'no'),
            'maturity' => self::maturity($folder), 'origin' => self::origin($folder), 'files' => $files, 'digest' => $digest,
        ];
    }

    /**
     * What its authors think of it.
     *
     * @param string $folder
     * @return string stable, rc, beta, alpha, or empty
     */
    private static function maturity(string $folder): string {
        $names = [MATURITY_STABLE => 'stable', MATURITY_RC => 'rc', MATURITY_BETA => 'beta', MATURITY_ALPHA => 'alpha'];
        $text = $folder !== '' && is_readable("$folder/version.php") ? file_get_contents("$folder/version.php") : '';
        return preg_match('~->maturity\s*=\s*(MATURITY_\w+)~', $text, $found) && defined($found[1])
            ? $names[constant($found[1])] ?? '' : '';
    }

    /**
     * Where its files come from, as far as its folder says so; never with a password.
     *
     * @param string $folder
     * @return string
     */
    private static function origin(string $folder): string {
        $config = $folder !== '' && is_readable("$folder/.git/config") ? file_get_contents("$folder/.git/config") : '';
        if (!preg_match('~^\s*url\s*=\s*(\S+)~m', $config, $found)) {
            return '';
        }
        return preg_replace(['~^(\w+://)[^/@]*@~', '~[?#].*$~'], ['$1', ''], $found[1]);
    }

    /**
     * Number of the files of a folder, and a digest of their names and contents.
     *
     * @param string $folder
     * @return array [int, string]
     */
    private static function digest(string $folder): array {
        $sums = [];
        foreach (core_files::below($folder) as $path => $file) {
            $sums[] = "$path " . hash_file('sha256', $file);
        }
        sort($sums);
        return [count($sums), hash('sha256', implode("\n", $sums))];
    }
}
