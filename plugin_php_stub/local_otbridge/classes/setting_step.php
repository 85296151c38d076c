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
 * A step that changes settings of things that are there.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Remembers what the settings were. Taking it back puts them there again, and stops where they are neither what the step made of
 * them nor what they were before.
 *
 * A state is an array of what is set, as texts, so that a value read back is the value that was written.
 */
abstract class setting_step extends step {
    /**
     * What is changed.
     *
     * @param array $params references replaced
     * @return array ids, kept with the step
     */
    abstract protected function target(array $params): array;

    /**
     * How it is set now.
     *
     * @param array $target
     * @return array|null null: the thing is gone
     */
    abstract protected function state(array $target): ?array;

    /**
     * How it shall be set.
     *
     * @param array $params
     * @param array $target
     * @param array $before how it is set now
     * @return array
     */
    abstract protected function wanted(array $params, array $target, array $before): array;

    /**
     * Set it.
     *
     * @param array $target
     * @param array $state
     */
    abstract protected function put(array $target, array $state): void;

    /**
     * What it returns beside `changed`.
     *
     * @param array $params
     * @param array $target
     * @return array
     */
    protected function told(array $params, array $target): array {
        return [];
    }

    /**
     * Where its changes are logged.
     *
     * @param array $target
     * @return \context|null
     */
    protected function logged(array $target): ?\context {
        return null;
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['changed' => 'bool'];
    }

    /**
     * Set it; nothing is written where it is set so already.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $target = $this->target($params);
        $before = $this->state($target);
        $wanted = $this->wanted($params, $target, $before);
        if (!self::same($before, $wanted)) {
            $this->put($target, $wanted);
        }
        $after = $this->state($target);
        $work->remember(['target' => $target, 'before' => $before, 'after' => $after]);
        return ['changed' => !self::same($before, $after)] + $this->told($params, $target);
    }

    /**
     * Whether somebody set it otherwise since.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        $kept = $work->recall();
        $now = $this->state($kept['target']);
        if (!$results['changed'] || $now === null || self::same($now, $kept['before'])) {
            return null;
        }
        if (self::same($now, $kept['after'])) {
            return null;
        }
        $context = $this->logged($kept['target']);
        $logged = $context === null ? null : changes::in_context($context, $since);
        return $logged ?? new change(static::name());
    }

    /**
     * Set it as it was.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        $kept = $work->recall();
        $now = $kept && $results['changed'] ? $this->state($kept['target']) : null;
        if ($now !== null && !self::same($now, $kept['before'])) {
            $this->put($kept['target'], $kept['before']);
        }
    }

    /**
     * Whether two states are one.
     *
     * @param array $one
     * @param array $other
     * @return bool
     */
    protected static function same(array $one, array $other): bool {
        ksort($one);
        ksort($other);
        return json::encode($one) === json::encode($other);
    }

    /**
     * Fields of a row, as texts.
     *
     * @param string $table
     * @param int $id
     * @param string[] $fields
     * @return array|null
     */
    protected static function row(string $table, int $id, array $fields): ?array {
        global $DB;

        $row = $DB->get_record($table, ['id' => $id], implode(', ', $fields));
        return $row ? array_map([self::class, 'text'], (array) $row) : null;
    }

    /**
     * A value as a text.
     *
     * @param mixed $value
     * @return string|null
     */
    protected static function text($value): ?string {
        return $value === null ? null : (string) $value;
    }
}
