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
 * What a step has at hand while it works.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_user;
use stdClass;
use stored_file;

/**
 * The operation, its files, and the memory of one step.
 */
class work {
    /** @var float seconds between two reports of progress */
    const PAUSE = 0.5;

    /** @var stdClass row of the operation that the step belongs to */
    private $operation;
    /** @var int position of the step */
    private $position;
    /** @var stdClass|null row of the step, once there is one */
    private $row;
    /** @var array what the step remembers, while it has no row */
    private $data = [];
    /** @var program_files|null */
    private $files = null;
    /** @var float when progress was written last */
    private $written = 0.0;
    /** @var bool whether a failing program is being taken back */
    private $failing;

    /**
     * Prepare.
     *
     * @param stdClass $operation
     * @param int $position
     * @param stdClass|null $row
     * @param bool $failing
     */
    public function __construct(stdClass $operation, int $position, ?stdClass $row = null, bool $failing = false) {
        $this->operation = $operation;
        $this->position = $position;
        $this->row = $row;
        $this->failing = $failing;
    }

    /**
     * The user who ordered it, as whom it works; 0 when that user was forgotten.
     *
     * @return int
     */
    public function userid(): int {
        return (int) $this->operation->userid;
    }

    /**
     * Id of the operation.
     *
     * @return int
     */
    public function operationid(): int {
        return (int) $this->operation->id;
    }

    /**
     * Which step of its operation it is, from 0.
     *
     * @return int
     */
    public function position(): int {
        return $this->position;
    }

    /**
     * A text that no other step has.
     *
     * @return string
     */
    public function tag(): string {
        return $this->operation->opkey . '-' . $this->position;
    }

    /**
     * Whether this is a failing program that takes back what it did, so that nothing of it belongs in a recycle bin.
     *
     * @return bool
     */
    public function is_failing(): bool {
        return $this->failing;
    }

    /**
     * A file of the program.
     *
     * @param string $sha256 as the parameter holds it
     * @return stored_file its own name is the digest; see {@see self::file_name()}
     * @throws refusal `filemissing`
     */
    public function file(string $sha256): stored_file {
        $file = $this->files()->get($sha256);
        if ($file === null) {
            throw new refusal('filemissing', ['name' => $this->file_name($sha256), 'sha256' => $sha256, 'size' => 0]);
        }
        return $file;
    }

    /**
     * Name of a file of the program.
     *
     * @param string $sha256
     * @return string
     */
    public function file_name(string $sha256): string {
        return $this->files()->name($sha256);
    }

    /**
     * The files of the program, read once.
     *
     * @return program_files
     */
    private function files(): program_files {
        $this->files = $this->files ?? program_files::of_operation($this->operation);
        return $this->files;
    }

    /**
     * Put files of the program into a new draft area of the current user, for functions of core that want one.
     *
     * @param string[] $digests
     * @return int its item id
     */
    public function draft(array $digests): int {
        global $USER;

        $itemid = file_get_unused_draft_itemid();
        foreach ($digests as $sha256) {
            get_file_storage()->create_file_from_storedfile([
                'contextid' => context_user::instance($USER->id)->id, 'component' => 'user', 'filearea' => 'draft',
                'itemid' => $itemid, 'filepath' => '/', 'filename' => $this->file_name($sha256), 'userid' => $USER->id,
            ], $this->file($sha256));
        }
        return $itemid;
    }

    /**
     * Remember something for the undoing; a step outside of a transaction also what its next attempt has to take away.
     *
     * @param array $data added to what is remembered already
     */
    public function remember(array $data): void {
        $this->data = $data + $this->recall();
        if ($this->row !== null) {
            step_rows::update($this->row, ['data' => json::encode((object) $this->data)]);
        }
    }

    /**
     * What the step remembers.
     *
     * @return array
     */
    public function recall(): array {
        return $this->row === null ? $this->data : json::decode($this->row->data);
    }

    /**
     * Report how much of the step is done; written now and then only, and never inside a transaction.
     *
     * @param float $part 0 to 1
     */
    public function progress(float $part): void {
        global $DB;

        if (microtime(true) - $this->written < self::PAUSE || $DB->is_transaction_started()) {
            return;
        }
        $this->written = microtime(true);
        $all = ($this->position + max(0.0, min(1.0, $part))) / max(1, $this->operation->stepstotal);
        // Progress never goes back, also not where a second attempt begins anew.
        operations::update($this->operation, ['progress' => max((float) $this->operation->progress, round($all, 5))]);
    }
}
