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
 * Step theme.apply: the look of the site, by settings of a theme.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/filelib.php');
require_once($GLOBALS['CFG']->libdir . '/outputlib.php');

use context_system;
use core_component;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\picture;
use local_otbridge\scope;
use local_otbridge\site_files;
use local_otbridge\site_settings;
use local_otbridge\step;
use local_otbridge\theme_scss;
use local_otbridge\work;

/**
 * Sets what is ordered of the settings that stand here; everything else of the theme stays as it is.
 */
class theme_apply extends step {
    /** @var string[] pictures: component of the setting and of its area; empty: the theme's own */
    const PICTURES = [
        'logo' => 'core_admin', 'logocompact' => 'core_admin', 'favicon' => 'core_admin', 'backgroundimage' => '',
        'loginbackgroundimage' => '',
    ];
    /** @var string[] settings of a theme that are texts */
    const TEXTS = ['brandcolor', 'scsspre', 'scss'];

    /**
     * Parameters; what is left out stays as it is.
     *
     * @return field[]
     */
    public function schema(): array {
        $fields = [
            'theme' => field::text(50)->filled()->pattern('/^[a-z][a-z0-9_]*\z/'),
            'activate' => field::bool()->default(true),
            'brandcolor' => field::text(9)->pattern('/^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\z/')->default(null),
            'preset' => field::text(100)->pattern('/^[A-Za-z0-9_-]+\.scss\z/')->default(''),
            'presetscss' => field::lines(500000)->default(null),
            'scsspre' => field::lines(200000)->default(null),
            'scss' => field::lines(200000)->default(null),
            'navbardark' => field::choice(['', 'on', 'off'])->default(''),
        ];
        foreach (array_keys(self::PICTURES) as $name) {
            $fields[$name] = field::file()->default(null);
        }
        return $fields;
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['theme' => 'text', 'active' => 'bool', 'settings' => '', 'changes' => '', 'files' => '', 'url' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['local/otbridge:managesite'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['local/otbridge:managesite', context_system::instance()]];
    }

    /**
     * One at a time.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['sitesettings'];
    }

    /**
     * Look for faults: the theme, settings that it does not have, pictures, addresses in SCSS; then compile all of it.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $theme = $params['theme'];
        $themes = core_component::get_plugin_list('theme');
        if (!isset($themes[$theme])) {
            $checking->fault('theme', 'themenotfound', ['theme' => $theme, 'choices' => implode(', ', array_keys($themes))]);
            return;
        }
        if (!$checking->claim('theme', 'one')) {
            $checking->fault('', 'settingtwice', ['plugin' => "theme_$theme", 'name' => 'theme']);
        }
        if ($params['activate'] && site_settings::is_forced('core', 'theme')) {
            $checking->fault('activate', 'settingforced', ['plugin' => 'core', 'name' => 'theme']);
        }
        $sound = true;
        foreach ($this->wanted($params) as [$plugin, $name, , $param]) {
            $facts = ['plugin' => $plugin, 'name' => $name];
            if (!$this->has_setting($plugin, $name)) {
                $checking->fault($param, 'settingunknown', $facts);
                $sound = false;
            } else if (site_settings::is_forced($plugin, $name)) {
                $checking->fault($param, 'settingforced', $facts);
            }
        }
        if ($params['preset'] !== '' && $params['presetscss'] === null && !is_file($themes[$theme] . "/scss/preset/{$params['preset']}")) {
            $checking->fault('preset', 'presetnotfound', ['preset' => $params['preset']]);
            $sound = false;
        }
        if ($params['presetscss'] !== null && in_array($params['preset'], ['', 'default.scss', 'plain.scss'], true)) {
            $checking->fault('preset', 'presetname', ['preset' => $params['preset']]);
            $sound = false;
        }
        foreach (array_keys(self::PICTURES) as $name) {
            if (is_string($params[$name])) {
                $types = array_merge($name === 'favicon' ? ['ico'] : [], ['png', 'jpg', 'jpeg', 'gif']);
                picture::check($name, $params[$name], $types, $checking);
            }
        }
        foreach (['scsspre', 'scss', 'presetscss'] as $name) {
            $sound = $this->check_addresses($name, (string) $params[$name], $checking) && $sound;
        }
        if ($sound) {
            $this->compile($params, $checking);
        }
    }

    /**
     * Save it.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $files = [];
        $component = 'theme_' . $params['theme'];
        if ($params['presetscss'] !== null) {
            $files[] = site_files::put($work, $component, 'preset', $params['preset'], $params['presetscss'], false);
        }
        foreach (self::PICTURES as $name => $of) {
            if ($params[$name] !== null) {
                $file = $work->file($params[$name]);
                $files[] = site_files::put($work, $of ?: $component, $name, $this->file_name($work, $params[$name]), $file, true);
            }
        }
        $wanted = array_map(static function ($one) {
            return array_slice($one, 0, 3);
        }, $this->wanted($params, $work));
        $changes = site_settings::apply($wanted);
        return [
            'theme' => $params['theme'], 'active' => site_settings::read('core', 'theme') === $params['theme'],
            'settings' => array_values(array_unique(array_map(static function ($one) {
                return "$one[0]/$one[1]";
            }, $wanted))),
            'changes' => $changes, 'files' => $files, 'url' => (new \moodle_url('/'))->out(false),
        ];
    }

    /**
     * Settings and stylesheets are cached.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        site_settings::refresh(['core', 'core_admin', 'theme_' . $params['theme']]);
        if ($results) {
            theme_reset_all_caches();
        }
    }

    /**
     * Settings and files that are not as they were set.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        return site_settings::changed($results['changes'], $since) ?? site_files::changed($results['files']);
    }

    /**
     * Give the earlier look back.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        site_files::restore($work, $results['files']);
        site_settings::restore($results['changes']);
    }

    /**
     * The settings that are ordered.
     *
     * @param array $params
     * @param work|null $work null: names of files are not known yet
     * @return array of [plugin, name, value, parameter that orders it]
     */
    private function wanted(array $params, ?work $work = null): array {
        $component = 'theme_' . $params['theme'];
        $wanted = [];
        foreach (self::TEXTS as $name) {
            if ($params[$name] !== null) {
                $wanted[] = [$component, $name, $params[$name], $name];
            }
        }
        if ($params['preset'] !== '') {
            $wanted[] = [$component, 'preset', $params['preset'], 'preset'];
        }
        if ($params['presetscss'] !== null) {
            $wanted[] = [$component, 'presetfiles', '/' . $params['preset'], 'presetscss'];
        }
        if ($params['navbardark'] !== '') {
            $wanted[] = [$component, 'navbardark', $params['navbardark'] === 'on' ? '1' : '0', 'navbardark'];
        }
        foreach (self::PICTURES as $name => $of) {
            if ($params[$name] !== null) {
                $file = $work === null ? '' : $this->file_name($work, $params[$name]);
                $wanted[] = [$of ?: $component, $name, "/$file", $name];
            }
        }
        if ($params['activate']) {
            $wanted[] = ['core', 'theme', $params['theme'], 'activate'];
        }
        return $wanted;
    }

    /**
     * Name of a picture, without what a file name of an address does not take.
     *
     * @param work $work
     * @param string $sha256
     * @return string
     */
    private function file_name(work $work, string $sha256): string {
        return clean_param($work->file_name($sha256), PARAM_FILE);
    }

    /**
     * Whether a setting is there; settings with files have no row until a file was there.
     *
     * @param string $plugin
     * @param string $name
     * @return bool
     */
    private function has_setting(string $plugin, string $name): bool {
        global $CFG;

        if (site_settings::read($plugin, $name) !== null) {
            return true;
        }
        if ($plugin === 'core_admin') {
            return $name !== 'favicon' || (int) $CFG->branch >= 400;
        }
        $file = core_component::get_component_directory($plugin) . '/settings.php';
        return is_readable($file) && preg_match('~[\'"]' . preg_quote("$plugin/$name", '~') . '[\'"]~', file_get_contents($file));
    }

    /**
     * SCSS must not load from elsewhere: such an address tells others who looks at the site.
     *
     * @param string $param
     * @param string $text
     * @param checking $checking
     * @return bool whether it is sound
     */
    private function check_addresses(string $param, string $text, checking $checking): bool {
        foreach (explode("\n", $text) as $index => $line) {
            if (preg_match('~(https?:)?//[a-z0-9]|@import\s+url|javascript:|expression\s*\(|behavior\s*:|</~i', $this->code($line))) {
                $facts = ['where' => $param, 'line' => $index + 1, 'text' => trim($line)];
                $checking->fault($param, 'scssaddress', $facts);
                return false;
            }
        }
        return true;
    }

    /**
     * A line without its comment.
     *
     * @param string $line
     * @return string
     */
    private function code(string $line): string {
        return preg_replace('~(^|\s)//\s.*$|/\*.*?\*/~', '', $line);
    }

    /**
     * Compile the theme with what is ordered.
     *
     * @param array $params
     * @param checking $checking
     */
    private function compile(array $params, checking $checking): void {
        $ordered = array_filter([
            'scsspre' => $params['scsspre'], 'scss' => $params['scss'], 'brandcolor' => $params['brandcolor'],
            'presetscss' => $params['presetscss'],
        ], 'is_string');
        if (!$ordered && $params['preset'] === '') {
            return;
        }
        $fault = (new theme_scss($params['theme'], $ordered, $params['preset']))->fault();
        if ($fault !== null) {
            $checking->fault(isset($ordered[$fault['where']]) ? $fault['where'] : '', 'scssinvalid', $fault);
        }
    }
}
