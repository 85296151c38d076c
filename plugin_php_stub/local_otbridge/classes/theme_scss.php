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
 * The SCSS of a theme, compiled for real before anything is saved.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/outputlib.php');

use core_scss;
use theme_config;

/**
 * Compiles a theme with settings that are not saved yet, and tells a fault by the text it stands in, and by line.
 *
 * Moodle's own form parses a text alone, so that unknown variables and mixins pass it; a stylesheet that does not compile is then
 * replaced by the precompiled one of Boost, without a word.
 */
class theme_scss {
    /** @var theme_config */
    private $theme;
    /** @var string[] what is ordered: scsspre, scss, brandcolor, presetscss */
    private $ordered;
    /** @var string what distinguishes it from other orders */
    private $key;
    /** @var array what came of compiling, in this process: a program is checked before it runs, and once more right before the step */
    private static $known = [];

    /**
     * Prepare.
     *
     * @param string $name of the theme
     * @param string[] $ordered texts by name; what is not there is as the site has it
     * @param string $preset name of a preset that comes with the theme, empty: as the site has it
     */
    public function __construct(string $name, array $ordered, string $preset = '') {
        $this->theme = theme_config::load($name);
        $this->theme->settings = clone $this->theme->settings;
        foreach (['scsspre', 'scss', 'brandcolor'] as $setting) {
            if (isset($ordered[$setting])) {
                $this->theme->settings->$setting = $ordered[$setting];
            }
        }
        if ($preset !== '' || isset($ordered['presetscss'])) {
            $this->theme->settings->preset = isset($ordered['presetscss']) ? 'default.scss' : $preset;
        }
        $this->ordered = $ordered;
        $this->key = sha1(json_encode([$name, $ordered, $preset, theme_get_revision()]));
    }

    /**
     * Compile.
     *
     * @return array|null null: it compiles; else where (one of the texts, or `theme`), line (0 = not known), text, reason
     */
    public function fault(): ?array {
        if (!array_key_exists($this->key, self::$known)) {
            self::$known[$this->key] = $this->compile();
        }
        return self::$known[$this->key];
    }

    /**
     * Compile for real.
     *
     * @return array|null
     */
    private function compile(): ?array {
        raise_memory_limit(MEMORY_EXTRA);
        $scss = $this->theme->get_scss_property();
        if (!$scss) {
            return null;
        }
        [$paths, $main] = $scss;
        $broken = $this->broken();
        if ($broken !== null) {
            return $broken;
        }
        $imports = is_string($main) ? [dirname($main)] : (array) $paths;
        $unknown = $this->unknown_import($imports);
        if ($unknown !== null) {
            return $unknown;
        }
        $parts = [
            'scsspre' => $this->code('get_pre_scss_code'),
            'presetscss' => $this->main($main),
            'scss' => $this->code('get_extra_scss_code'),
        ];
        $compiler = new core_scss();
        $compiler->setImportPaths($imports);
        $compiler->append_raw_scss($parts['scsspre'] . $parts['presetscss']); // As core joins them.
        $compiler->append_raw_scss($parts['scss']);
        ob_start(); // A theme of a third party may say something.
        try {
            $compiler->to_css();
            return null;
        } catch (\Throwable $error) {
            return $this->place($error->getMessage(), $parts);
        } finally {
            ob_end_clean();
        }
    }

    /**
     * A text that is no SCSS even alone: joined with others a brace too few would be sought elsewhere.
     *
     * @return array|null
     */
    private function broken(): ?array {
        foreach (['scsspre', 'presetscss', 'scss'] as $where) {
            $text = $this->ordered[$where] ?? '';
            try {
                (new \ScssPhp\ScssPhp\Parser(null))->parse($text);
            } catch (\Throwable $error) {
                $lines = explode("\n", rtrim($text));
                $line = preg_match('~line:? (\d+)~', $error->getMessage(), $found) ? min((int) $found[1], count($lines)) : count($lines);
                return [
                    'where' => $where, 'line' => $line, 'text' => trim($lines[$line - 1] ?? ''),
                    'reason' => $this->reason($error->getMessage()),
                ];
            }
        }
        return null;
    }

    /**
     * What a message says, without places.
     *
     * @param string $message
     * @return string
     */
    private function reason(string $message): string {
        $reason = preg_replace('~(\(stdin\)|:?\s*(on )?line:? \d+|: failed at).*~s', '', $message);
        return trim(preg_replace('~\s+~', ' ', $reason)) ?: $message;
    }

    /**
     * Imports that would be left out in silence: core skips what it does not find.
     *
     * @param string[] $folders
     * @return array|null
     */
    private function unknown_import(array $folders): ?array {
        foreach (['scsspre', 'scss', 'presetscss'] as $where) {
            foreach (explode("\n", $this->ordered[$where] ?? '') as $index => $line) {
                if (!preg_match('~@import\s+([^;]+)~', preg_replace('~//.*$~', '', $line), $found)) {
                    continue;
                }
                preg_match_all('~["\']([^"\']+)["\']~', $found[1], $names);
                foreach ($names[1] ?: [$found[1]] as $name) {
                    if (!$this->is_found($name, $folders)) {
                        return ['where' => $where, 'line' => $index + 1, 'text' => trim($line), 'reason' => "no file $name"];
                    }
                }
            }
        }
        return null;
    }

    /**
     * Whether an import is found.
     *
     * @param string $name
     * @param string[] $folders
     * @return bool
     */
    private function is_found(string $name, array $folders): bool {
        $name = preg_replace('~\.scss$~', '', $name);
        $base = basename($name);
        $inside = substr($name, 0, -strlen($base));
        foreach ($folders as $folder) {
            if (is_file("$folder/$inside$base.scss") || is_file("$folder/{$inside}_$base.scss")) {
                return strpos($name, '..') === false;
            }
        }
        return false;
    }

    /**
     * What a callback of the theme gives; core keeps these methods to itself.
     *
     * @param string $method
     * @return string
     */
    private function code(string $method): string {
        $call = \Closure::bind(function () use ($method) {
            return $this->$method();
        }, $this->theme, get_class($this->theme));
        return (string) $call();
    }

    /**
     * The main text of the theme, with the ordered preset in the place of the default one.
     *
     * @param string|\Closure $main
     * @return string
     */
    private function main($main): string {
        $text = is_string($main) ? file_get_contents($main) : $main($this->theme);
        $default = $this->theme->dir . '/scss/preset/default.scss';
        if (isset($this->ordered['presetscss']) && is_readable($default)) {
            return str_replace(file_get_contents($default), $this->ordered['presetscss'], $text);
        }
        return $text;
    }

    /**
     * Where a fault of the whole stands in what was ordered.
     *
     * @param string $message of the compiler
     * @param string[] $parts the texts as they are joined
     * @return array
     */
    private function place(string $message, array $parts): array {
        $told = ['where' => 'theme', 'line' => 0, 'text' => '', 'reason' => $this->reason($message)];
        if (strpos($message, '.scss') === false && preg_match('~line:? (\d+)~', $message, $found)) {
            $line = (int) $found[1];
            $lines = explode("\n", $parts['scsspre'] . $parts['presetscss'] . ';' . $parts['scss']);
            $told['text'] = trim($lines[$line - 1] ?? '');
            $before = 0;
            foreach ($parts as $where => $text) {
                $within = $line - $before;
                $count = substr_count($text, "\n");
                if ($within <= $count + 1 && ($own = $this->line_of($where, $text, $within)) !== null) {
                    return ['where' => $where, 'line' => $own] + $told;
                }
                $before += $count;
            }
        }
        return $this->by_name($message) + $told;
    }

    /**
     * A line of a joined text as a line of what was ordered.
     *
     * @param string $where
     * @param string $joined
     * @param int $line
     * @return int|null null: it is the theme's own
     */
    private function line_of(string $where, string $joined, int $line): ?int {
        $ordered = $this->ordered[$where] ?? '';
        $at = $ordered === '' ? false : strpos($joined, $ordered);
        if ($at === false) {
            return null;
        }
        $own = $line - substr_count(substr($joined, 0, $at), "\n");
        return $own >= 1 && $own <= substr_count($ordered, "\n") + 1 ? $own : null;
    }

    /**
     * A fault without a line, by the word that it names.
     *
     * @param string $message
     * @return array empty: not found
     */
    private function by_name(string $message): array {
        if (!preg_match('~(\$[\w-]+|mixin\s+[\w-]+|Undefined mixin ([\w-]+))~i', $message, $found)) {
            return [];
        }
        $word = preg_replace('~^.*\s~', '', $found[1]);
        foreach (['scsspre', 'presetscss', 'scss', 'brandcolor'] as $where) {
            foreach (explode("\n", $this->ordered[$where] ?? '') as $index => $line) {
                if (strpos($line, $word) !== false) {
                    return ['where' => $where, 'line' => $index + 1, 'text' => trim($line)];
                }
            }
        }
        return [];
    }
}
