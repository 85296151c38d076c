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
 * What a step of a program is.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context;

/**
 * Base of the steps. A step kind is a class in classes/step/, found by its file: `course_create.php` is `course.create`.
 *
 * How a step runs: the caches of the courses that it touches are known first; then one short transaction holds what it does and
 * the row that says so; caches are healed after the commit, after a rollback, and when a killed operation is taken up again.
 * See README.md, "A new step".
 */
abstract class step {
    /**
     * Name of the step kind.
     *
     * @return string as `course.create`
     */
    final public static function name(): string {
        return preg_replace('/_/', '.', substr(strrchr(static::class, '\\'), 1), 1);
    }

    /**
     * Parameters.
     *
     * @return field[] by name
     */
    abstract public function schema(): array;

    /**
     * Parameters of one step of a program, where what some of them are depends on what another says.
     *
     * @param \stdClass $raw the step's parameters as they came, not looked at yet
     * @return field[] by name
     */
    public function fields(\stdClass $raw): array {
        return $this->schema();
    }

    /**
     * What it results in, and what of it later steps may refer to.
     *
     * @return string[] type by field: int, text, bool, a kind of {@see kinds::TABLES}, one of these with `[]`, or empty for a
     *     field that cannot be referred to
     */
    abstract public function results(): array;

    /**
     * Do it. Unless {@see self::transactional()} says otherwise this happens inside a transaction, which any exception undoes.
     *
     * @param array $params as {@see self::schema()} describes them, references replaced
     * @param work $work
     * @return array the fields of {@see self::results()}
     * @throws refusal it cannot be done; any other exception is told as `stepfailed`
     */
    abstract public function run(array $params, work $work): array;

    /**
     * Take it back, outside of any transaction. It may be called again after a kill, so what is gone already is no fault.
     *
     * @param array $params as they were when it ran
     * @param array $results what it resulted in
     * @param work $work
     * @throws refusal it cannot be taken back
     */
    abstract public function undo(array $params, array $results, work $work): void;

    /**
     * What somebody changed since; such a thing is not destroyed.
     *
     * @param array $params
     * @param array $results
     * @param int $since when the operation ended, Unix seconds
     * @param work $work
     * @return change|null null: nothing
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        return null;
    }

    /**
     * Look for what would make it fail. Values of $params may be {@see reference} objects, for things that are not there yet.
     *
     * @param array $params
     * @param checking $checking takes faults and remarks
     */
    public function check(array $params, checking $checking): void {
    }

    /**
     * Capabilities that it needs, each in its context.
     *
     * @param array $params values may be references
     * @param scope $scope knows the contexts, also of things that are not there yet
     * @return array of [capability, context or null]; null: cannot be told yet
     */
    abstract public function capabilities(array $params, scope $scope): array;

    /**
     * All capabilities that it may need, for the site's administrator.
     *
     * @return string[]
     */
    abstract public function needs(): array;

    /**
     * Why this site cannot run it.
     *
     * @return string for people; empty: it can
     */
    public function unavailable(): string {
        return '';
    }

    /**
     * Whether it takes longer than a web service call may.
     *
     * @return bool
     */
    public function heavy(): bool {
        return false;
    }

    /**
     * Whether taking it back takes longer than a web service call may.
     *
     * @return bool
     */
    public function undo_heavy(): bool {
        return $this->heavy();
    }

    /**
     * Whether it runs inside a transaction. One that does not must say by {@see work::remember()} what it makes before it goes on,
     * and take it away in {@see self::clean_up()}.
     *
     * @return bool
     */
    public function transactional(): bool {
        return true;
    }

    /**
     * Take away what an attempt left that died or failed outside of a transaction. May be called again.
     *
     * @param array $params
     * @param work $work its {@see work::recall()} is what the attempt remembered
     */
    public function clean_up(array $params, work $work): void {
    }

    /**
     * Names of locks to be held while it is checked for the last time, run and committed.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return [];
    }

    /**
     * Courses whose pages it changes.
     *
     * @param array $params
     * @param array $results empty before it has run
     * @return int[]
     */
    public function courses(array $params, array $results): array {
        $found = [];
        foreach ($this->schema() as $name => $field) {
            if ($field instanceof field\record && is_int($params[$name] ?? null)) {
                $found[] = kinds::course($field->type(), $params[$name]);
            }
        }
        return array_values(array_unique(array_filter($found)));
    }

    /**
     * Make the caches agree with the database that {@see healer} does not know of: after a commit, a rollback, a kill, an undo.
     *
     * @param array $params
     * @param array $results empty when it has not run
     */
    public function refresh(array $params, array $results): void {
    }

    /**
     * Where what it makes will be, as long as it is not there: what its first parameter that names a thing says.
     *
     * @param array $params values may be references
     * @param scope $scope
     * @return context|null
     */
    public function place(array $params, scope $scope): ?context {
        foreach ($this->schema() as $name => $field) {
            if ($field instanceof field\record && isset($params[$name])) {
                return $scope->context($field->type(), $params[$name]);
            }
        }
        return null;
    }
}
