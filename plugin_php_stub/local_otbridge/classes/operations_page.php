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
 * What the administrator's page shows.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use html_table;
use html_writer;
use moodle_url;
use stdClass;

/**
 * Lists operations, and the steps of one.
 */
class operations_page {
    /** @var int rows of one page */
    const PER_PAGE = 50;
    /** @var int characters of a result */
    const SHORT = 300;

    /**
     * Operations, the latest first.
     *
     * @param int $page from 0
     * @return string HTML
     */
    public static function listing(int $page): string {
        global $DB, $OUTPUT;

        $table = self::table(['timecreated', 'ticket', 'kind', 'status', 'steps', 'user', 'error', 'undo']);
        foreach ($DB->get_records(operations::TABLE, null, 'id DESC', '*', $page * self::PER_PAGE, self::PER_PAGE) as $row) {
            $user = $row->userid ? \core_user::get_user($row->userid) : false;
            $time = userdate($row->timecreated, get_string('strftimedatetimeshort', 'langconfig'));
            $table->data[] = [
                html_writer::link(self::url($row->id), $time),
                s($row->ticket),
                get_string('kind_' . $row->kind, 'local_otbridge'),
                get_string('status_' . $row->status, 'local_otbridge'),
                $row->stepsdone . '/' . $row->stepstotal,
                $user ? s(fullname($user)) : '-',
                s(shorten_text((string) $row->error, self::SHORT)),
                self::undo_state($row),
            ];
        }
        $all = $DB->count_records(operations::TABLE);
        return html_writer::table($table) . $OUTPUT->paging_bar($all, $page, self::PER_PAGE, self::url());
    }

    /**
     * Steps of an operation, and how it stands.
     *
     * @param stdClass $operation
     * @return string HTML
     */
    public static function details(stdClass $operation): string {
        $about = self::table(['kind', 'status', 'timecreated', 'timefinished', 'error', 'undo']);
        $about->data[] = [
            get_string('kind_' . $operation->kind, 'local_otbridge'),
            get_string('status_' . $operation->status, 'local_otbridge'),
            userdate($operation->timecreated),
            $operation->timefinished ? userdate($operation->timefinished) : '-',
            s((string) $operation->error),
            self::undo_state($operation),
        ];
        $steps = self::table(['step', 'label', 'status', 'result', 'remark']);
        foreach (step_rows::of((int) ($operation->kind === 'undo' ? $operation->undoes : $operation->id)) as $row) {
            $remark = (string) $row->remark !== '' ? $row->remark : (json::decode($row->changed)['message'] ?? '');
            $steps->data[] = [
                s(step_rows::title($row)), s($row->label), get_string('status_' . $row->status, 'local_otbridge'),
                s(shorten_text((string) $row->result, self::SHORT)), s($remark),
            ];
        }
        return html_writer::table($about) . html_writer::table($steps);
    }

    /**
     * Whether and by what an operation was taken back, or what it takes back.
     *
     * @param stdClass $operation
     * @return string HTML
     */
    private static function undo_state(stdClass $operation): string {
        $other = (int) ($operation->undoneby ?: $operation->undoes);
        $row = $other ? operations::get($other) : null;
        if ($row === null) {
            return '-';
        }
        $word = $operation->undoneby ? 'undoneby' : 'undoes';
        return html_writer::link(self::url($row->id), get_string($word, 'local_otbridge', s($row->opkey)));
    }

    /**
     * An empty table.
     *
     * @param string[] $columns
     * @return html_table
     */
    private static function table(array $columns): html_table {
        $table = new html_table();
        $table->head = array_map(static function ($name) {
            return get_string('column_' . $name, 'local_otbridge');
        }, $columns);
        return $table;
    }

    /**
     * Address of the page.
     *
     * @param int|null $id of an operation
     * @return moodle_url
     */
    private static function url(?int $id = null): moodle_url {
        return new moodle_url('/local/otbridge/operations.php', $id === null ? [] : ['id' => $id]);
    }
}
