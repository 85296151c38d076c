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
 * What the site's administrator lets the bridge do.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_coursecat;

/**
 * Reads the plugin's settings. The bridge has a policy of its own; both must agree.
 */
class policy {
    /** @var int[] risks that may be allowed, by the names of the setting */
    const RISKS = [
        'xss' => RISK_XSS, 'config' => RISK_CONFIG, 'dataloss' => RISK_DATALOSS, 'personal' => RISK_PERSONAL, 'spam' => RISK_SPAM,
    ];
    /** @var string what is allowed as long as nothing is set */
    const DEFAULT_RISKS = 'xss,personal,spam';
    /** @var int how many times its weight a backup may unpack to, unless the site says otherwise */
    const UNPACK_RATIO = 60;
    /** @var int bytes that any backup may unpack to */
    const UNPACKED_ANYWAY = 134217728;
    /** @var string[] roles that may be given, by archetype and level, as long as nothing is set */
    const DEFAULT_ASSIGNABLE = [
        'student:course', 'teacher:course', 'editingteacher:course', 'none:course', 'none:coursecat', 'none:system',
    ];

    /**
     * Whether a step kind is switched off.
     *
     * @param string $name
     * @return bool
     */
    public static function is_off(string $name): bool {
        return in_array(str_replace('.', '_', $name), self::listed('stepsoff'), true);
    }

    /**
     * Risks that a role may carry beyond its archetype's own capabilities.
     *
     * @return string[] names of {@see self::RISKS}
     */
    public static function risks(): array {
        $set = get_config('local_otbridge', 'risks');
        return array_values(array_intersect(array_keys(self::RISKS), explode(',', $set === false ? self::DEFAULT_RISKS : $set)));
    }

    /**
     * Archetypes that may be assignable more broadly than Moodle lets them by default.
     *
     * @return string[] as `student:system`
     */
    public static function contexts(): array {
        return self::listed('contexts');
    }

    /**
     * Roles that may be given to people, by archetype and level.
     *
     * @return string[] as `student:course`; `none:…` for roles without archetype
     */
    public static function assignable(): array {
        return get_config('local_otbridge', 'assignable') === false ? self::DEFAULT_ASSIGNABLE : self::listed('assignable');
    }

    /**
     * Categories in which the bridge may work, with all below them.
     *
     * @return int[] empty: all
     */
    public static function categories(): array {
        return array_map('intval', self::listed('categories'));
    }

    /**
     * Kinds of losses that stop a restore unless its order accepts them.
     *
     * @return string[] of {@see losses::KINDS}
     */
    public static function losses_that_stop(): array {
        $set = get_config('local_otbridge', 'lossesstop');
        return $set === false ? losses::STOP : array_values(array_intersect(losses::KINDS, explode(',', $set)));
    }

    /**
     * Bytes that a backup may unpack to: so many times what it weighs, but as much as a small course needs in any case.
     *
     * @param int $size bytes of the file
     * @return int
     */
    public static function unpacked(int $size): int {
        $set = (int) get_config('local_otbridge', 'unpackratio');
        return max(self::UNPACKED_ANYWAY, $size * ($set > 0 ? $set : self::UNPACK_RATIO));
    }

    /**
     * Risks of a capability that a role may not carry; what core does not name is never allowed.
     *
     * @param int $mask of the capability, also of a third-party plugin's
     * @return string[] names of {@see self::RISKS}, or `other`
     */
    public static function refused_risks(int $mask): array {
        $refused = [];
        foreach (array_diff_key(self::RISKS, array_flip(self::risks())) as $name => $bit) {
            if ($mask & $bit) {
                $refused[] = $name;
            }
        }
        return $mask & ~array_sum(self::RISKS) ? array_merge($refused, ['other']) : $refused;
    }

    /**
     * Context levels that are broader than an archetype's own, and not allowed for it.
     *
     * @param string $archetype empty: none, which has no level of its own, so that the risks alone decide
     * @param string[] $levels
     * @return string[] the offenders of $levels, under their indexes
     */
    public static function broader(string $archetype, array $levels): array {
        return array_filter($levels, static function ($level) use ($archetype) {
            return self::is_broader($archetype, (string) $level) && !in_array("$archetype:$level", self::contexts(), true);
        });
    }

    /**
     * Whether a context level is broader than an archetype's own.
     *
     * @param string $archetype
     * @param string $level one of {@see roles::LEVELS}
     * @return bool
     */
    public static function is_broader(string $archetype, string $level): bool {
        if ($archetype === '') {
            return false;
        }
        $own = get_default_contextlevels($archetype);
        $number = roles::LEVELS[$level];
        $top = $own ? min($own) : CONTEXT_BLOCK;
        // User contexts lie beside the others, and below the system only.
        $below = $number > $top && ($number !== CONTEXT_USER || $top === CONTEXT_SYSTEM);
        return !in_array($number, $own) && !$below;
    }

    /**
     * All of it.
     *
     * @return array the policy as get_info tells it
     */
    public static function tell(): array {
        return [
            'stepsoff' => array_map(static function ($name) {
                return preg_replace('/_/', '.', $name, 1);
            }, self::listed('stepsoff')),
            'risks' => self::risks(),
            'contexts' => self::contexts(),
            'categories' => self::categories(),
            'assignable' => self::assignable(),
            'auths' => array_values(accounts::auths()),
        ];
    }

    /**
     * Look whether a step may be run where it works.
     *
     * @param planned $planned
     * @param faults $faults
     */
    public static function check(planned $planned, faults $faults): void {
        if (self::is_off($planned->step::name())) {
            $faults->add(new fault($planned->path('step'), 'stepoff', ['step' => $planned->step::name()]));
        }
        $categories = self::categories();
        if (!$categories) {
            return;
        }
        foreach ($planned->step->schema() as $name => $field) {
            if (!$field instanceof field\record || !is_int($planned->params[$name] ?? null)) {
                continue; // What a step of the same program makes was looked at there.
            }
            $context = kinds::context($field->type(), $planned->params[$name]);
            if ($context !== null && $context->contextlevel >= CONTEXT_COURSECAT && !self::lies_in($context, $categories)) {
                $faults->add(new fault($planned->path($name), 'categorynotallowed', ['id' => $planned->params[$name]]));
            }
        }
    }

    /**
     * Whether a context lies in one of some categories.
     *
     * @param \context $context
     * @param int[] $categories
     * @return bool
     */
    private static function lies_in(\context $context, array $categories): bool {
        $above = $context->get_parent_context_ids(true);
        foreach ($categories as $id) {
            $category = context_coursecat::instance($id, IGNORE_MISSING);
            if ($category && in_array($category->id, $above)) {
                return true;
            }
        }
        return false;
    }

    /**
     * A setting that holds a list.
     *
     * @param string $name
     * @return string[]
     */
    private static function listed(string $name): array {
        return array_values(array_filter(explode(',', (string) get_config('local_otbridge', $name)), 'strlen'));
    }
}
