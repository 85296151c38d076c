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
 * A program: the steps that an order came to.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use JsonException;
use stdClass;

/**
 * Reads the JSON text of a program.
 */
class program {
    /** @var int bytes */
    const MAX_BYTES = 4194304;
    /** @var int */
    const MAX_STEPS = 2000;
    /** @var int */
    const MAX_FILES = 500;
    /** @var int a program with more steps is heavy, whatever they are */
    const LIGHT_STEPS = 200;

    /** @var string number of the ticket that it belongs to */
    public $ticket = '';
    /** @var stdClass[] files: sha256, name, size */
    public $files = [];
    /** @var planned[] those that could be read */
    public $steps = [];
    /** @var string the canonical text */
    public $text;
    /** @var stdClass */
    private $decoded;
    /** @var array types of the results of each label, with its position */
    private $types = [];

    /**
     * Decode.
     *
     * @param string $text
     * @throws refusal `programinvalid`
     */
    public function __construct(string $text) {
        if (strlen($text) > self::MAX_BYTES) {
            throw new refusal('programinvalid', ['reason' => 'more than ' . self::MAX_BYTES . ' bytes']);
        }
        try {
            $decoded = json_decode($text, false, 64, JSON_THROW_ON_ERROR);
        } catch (JsonException $error) {
            throw new refusal('programinvalid', ['reason' => $error->getMessage()]);
        }
        if (!$decoded instanceof stdClass || ($decoded->version ?? null) !== 1) {
            throw new refusal('programinvalid', ['reason' => 'not an object with "version": 1']);
        }
        $this->decoded = $decoded;
        $this->text = json::canonical($decoded);
    }

    /**
     * Hash of the canonical text.
     *
     * @return string
     */
    public function hash(): string {
        return hash('sha256', $this->text);
    }

    /**
     * Read header, files and the outline of each step.
     *
     * @param faults $faults
     */
    public function read(faults $faults): void {
        $outline = field::structure([
            'version' => field::int(1, 1),
            'ticket' => field::text(100)->default(''),
            'files' => field::items(field::structure([
                'sha256' => field::text(64)->filled()->pattern('/^[0-9a-f]{64}\z/'),
                'name' => field::text(255)->filled()->pattern('~^[^/\\\\]+\z~'),
                'size' => field::int(1, PHP_INT_MAX),
            ]), 0, self::MAX_FILES)->default([]),
        ]);
        $members = clone $this->decoded;
        $steps = $members->steps ?? null;
        unset($members->steps);
        $read = $outline->read($members, '', new reading($faults, [], []));
        $this->ticket = (string) ($read['ticket'] ?? '');
        $this->files = array_map(static function ($file) {
            return (object) $file;
        }, array_values(array_filter($read['files'] ?? [], static function ($file) {
            return is_array($file) && !in_array(null, $file, true);
        })));
        $digests = array_column($this->files, 'sha256');
        if (count(array_unique($digests)) !== count($digests)) {
            $faults->add(new fault('files', 'filetwice'));
        }
        if (!is_array($steps) || !$steps || count($steps) > self::MAX_STEPS) {
            $faults->add(new fault('steps', 'paramcount', [
                'count' => is_array($steps) ? count($steps) : 0, 'min' => 1, 'max' => self::MAX_STEPS,
            ]));
            return;
        }
        foreach ($steps as $index => $step) {
            $this->plan($index, $step, $faults);
        }
    }

    /**
     * Read the parameters of a step.
     *
     * @param planned $planned
     * @param faults $faults
     * @param array $results of the earlier steps by label, as far as they are known
     * @return array|null null after a fault
     */
    public function params(planned $planned, faults $faults, array $results = []): ?array {
        $earlier = [];
        foreach ($this->types as $label => [$index, $types]) {
            if ($index < $planned->index) {
                $earlier[$label] = $types;
            }
        }
        $reading = new reading($faults, $earlier, array_column($this->files, 'sha256'), $results);
        $before = $faults->in_part($planned->path());
        $read = field::structure($planned->step->fields($planned->raw))->read($planned->raw, $planned->path(), $reading);
        return $faults->in_part($planned->path()) === $before ? $read : null;
    }

    /**
     * Whether it takes longer than a web service call may.
     *
     * @return bool
     */
    public function heavy(): bool {
        foreach ($this->steps as $planned) {
            if ($planned->step->heavy()) {
                return true;
            }
        }
        return count($this->steps) > self::LIGHT_STEPS;
    }

    /**
     * Read kind and label of a step.
     *
     * @param int $index
     * @param mixed $raw
     * @param faults $faults
     */
    private function plan(int $index, $raw, faults $faults): void {
        $path = 'steps[' . $index . ']';
        if (!$raw instanceof stdClass) {
            $faults->add(new fault($path, 'paramtype', ['type' => 'object']));
            return;
        }
        $raw = clone $raw;
        [$name, $label] = [$raw->step ?? null, $raw->as ?? null];
        $existing = property_exists($raw, 'existing') ? $raw->existing : 'refuse';
        unset($raw->step, $raw->as, $raw->existing);
        $step = is_string($name) ? steps::get($name) : null;
        if ($step === null) {
            $faults->add(new fault($path . '.step', 'unknownstep', ['step' => is_string($name) ? $name : '']));
        }
        if (!is_string($label) || !preg_match('/^[a-z][a-z0-9_]{0,39}\z/', $label)) {
            $faults->add(new fault($path . '.as', 'labelform', ['label' => is_string($label) ? $label : '']));
        } else if (isset($this->types[$label])) {
            $faults->add(new fault($path . '.as', 'labeltwice', ['label' => $label]));
        } else if ($step !== null) {
            $this->types[$label] = [$index, $step->results()];
            $planned = new planned($index, $step, $label, $raw);
            $planned->brings = $existing === 'bring';
            $choices = $step instanceof repeatable ? ['refuse', 'bring'] : ['refuse'];
            if (!in_array($existing, $choices, true)) {
                $planned->brings = false;
                $facts = ['value' => is_string($existing) ? $existing : '', 'choices' => implode(', ', $choices)];
                $faults->add(new fault($path . '.existing', 'paramchoice', $facts));
            }
            $this->steps[] = $planned;
        }
    }
}
