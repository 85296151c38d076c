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
 * Moodle's own files against those of the release.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\audit;

use Generator;
use stored_file;

/**
 * Compares with a list of checksums: a first line `# otbridge checksums 1`, then `# version: …` and `# release: …` as version.php has
 * them, then lines of a SHA-256, two spaces, and a path. docs/audit.md says how a list is made.
 */
class core_files {
    /** @var string the first line of a list */
    const HEAD = '# otbridge checksums 1';
    /** @var int paths of each kind in a report at most */
    const MOST = 300;

    /**
     * Compare.
     *
     * @param stored_file|null $list null: nobody has one
     * @param callable $progress told the share that is done
     * @return array
     */
    public static function compared(?stored_file $list, callable $progress): array {
        global $CFG;

        if ($list === null) {
            return ['state' => 'nolist'];
        }
        [$about, $sums] = self::read($list);
        $own = self::version();
        if ($about['version'] !== $own) {
            return ['state' => 'otherrelease', 'list' => $about, 'version' => $own];
        }
        $root = rtrim($CFG->root ?? $CFG->dirroot, '/');
        [$changed, $missing, $done] = [[], [], 0];
        foreach ($sums as $path => $sum) {
            $file = "$root/$path";
            if (!is_file($file)) {
                $missing[] = $path;
            } else if (hash_file('sha256', $file) !== $sum) {
                $changed[] = $path;
            }
            if (++$done % 500 === 0) {
                $progress(0.9 * $done / count($sums));
            }
        }
        $added = self::added($root, $sums);
        return [
            'state' => 'compared', 'list' => $about, 'files' => count($sums), 'changed' => array_slice($changed, 0, self::MOST),
            'changedcount' => count($changed), 'missing' => array_slice($missing, 0, self::MOST), 'missingcount' => count($missing),
            'added' => array_slice($added, 0, self::MOST), 'addedcount' => count($added),
        ];
    }

    /**
     * Why a file is no list.
     *
     * @param stored_file $list
     * @return int|null its first bad line, null: it is one
     */
    public static function bad_line(stored_file $list): ?int {
        $handle = $list->get_content_file_handle();
        $number = 0;
        $version = false;
        while (($line = fgets($handle)) !== false) {
            $number++;
            $line = rtrim($line, "\r\n");
            $sound = $number === 1 ? $line === self::HEAD
                : preg_match('~^(# (version|release): .+|[0-9a-f]{64}  [^/].*)$~', $line) && !preg_match('~(^|[/ ])\.\.(/|$)~', $line);
            $version = $version || strpos($line, '# version: ') === 0;
            if (!$sound) {
                fclose($handle);
                return $number;
            }
        }
        fclose($handle);
        return $number < 2 || !$version ? max(1, $number) : null;
    }

    /**
     * Files below a folder; links are not followed.
     *
     * @param string $folder
     * @param string[] $but real paths of folders that are left out
     * @return Generator full paths by paths relative to the folder
     */
    public static function below(string $folder, array $but = []): Generator {
        $walk = new \RecursiveDirectoryIterator($folder, \FilesystemIterator::SKIP_DOTS);
        $filter = new \RecursiveCallbackFilterIterator($walk, static function ($file) use ($but) {
            if ($file->isLink()) {
                return false;
            }
            return !$file->isDir() || (!in_array($file->getFilename(), ['.git', 'node_modules'], true)
                && !in_array($file->getPathname(), $but, true));
        });
        foreach (new \RecursiveIteratorIterator($filter, \RecursiveIteratorIterator::LEAVES_ONLY,
                \RecursiveIteratorIterator::CATCH_GET_CHILD) as $file) {
            yield str_replace('\\', '/', substr($file->getPathname(), strlen($folder) + 1)) => $file->getPathname();
        }
    }

    /**
     * The version of the code, as version.php has it.
     *
     * @return string
     */
    private static function version(): string {
        global $CFG;

        $text = file_get_contents($CFG->dirroot . '/version.php');
        return preg_match('~\$version\s*=\s*([0-9.]+)~', $text, $found) ? $found[1] : '';
    }

    /**
     * Read a list.
     *
     * @param stored_file $list
     * @return array [what it is about, sums by path]
     */
    private static function read(stored_file $list): array {
        $about = ['version' => '', 'release' => ''];
        $sums = [];
        $handle = $list->get_content_file_handle();
        while (($line = fgets($handle)) !== false) {
            $line = rtrim($line, "\r\n");
            if (preg_match('~^# (version|release): (.+)$~', $line, $found)) {
                $about[$found[1]] = $found[2];
            } else if ($line !== '' && $line[0] !== '#') {
                $sums[substr($line, 66)] = substr($line, 0, 64);
            }
        }
        fclose($handle);
        return [$about, $sums];
    }

    /**
     * Files that neither the release nor a third-party plugin has.
     *
     * @param string $root
     * @param string[] $sums
     * @return string[]
     */
    private static function added(string $root, array $sums): array {
        global $CFG;

        $but = plugins::folders();
        foreach ([$CFG->dataroot, $CFG->cachedir, $CFG->tempdir, $CFG->localcachedir] as $folder) {
            $but[] = realpath($folder);
        }
        $found = [];
        foreach (self::below($root, array_filter($but)) as $path => $file) {
            if (!isset($sums[$path]) && !in_array($path, ['config.php', 'public/config.php'], true)) {
                $found[] = $path;
            }
        }
        sort($found);
        return $found;
    }
}
