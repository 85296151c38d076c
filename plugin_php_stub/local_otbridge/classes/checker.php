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
 * Looks for everything that would make a program fail.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use Throwable;

/**
 * Checks a program: first its steps' parameters, then whether this site has them, policy, capabilities, and each step's own check.
 */
class checker {
    /** @var scope */
    private $scope;
    /** @var program_files */
    private $files;
    /** @var \ArrayObject */
    private $claims;
    /** @var bool whether somebody hears the remarks */
    private $heard = false;

    /**
     * Prepare.
     *
     * @param program $program read
     * @param program_files $files
     */
    public function __construct(program $program, program_files $files) {
        $this->scope = new scope($program->steps);
        $this->files = $files;
        $this->claims = new \ArrayObject();
    }

    /**
     * Check a whole program before it is run; reads only.
     *
     * @param program $program decoded
     * @param int $draftitemid
     * @param faults $faults
     * @param bool $heard whether somebody hears the remarks
     * @return program_files
     */
    public static function check(program $program, int $draftitemid, faults $faults, bool $heard = true): program_files {
        $program->read($faults);
        $known = [];
        foreach ($program->steps as $planned) {
            $planned->params = $program->params($planned, $faults, $known);
            try {
                $planned->look();
            } catch (Throwable $error) {
                $faults->add(fault::of($error, $planned->path()));
            }
            if ($planned->found !== null) {
                $known[$planned->label] = $planned->found;
            }
        }
        $files = program_files::in_draft($program, $draftitemid, $faults);
        if ($program->files && !$draftitemid) {
            $faults->note(new fault('files', 'filesnotcompared', ['count' => count($program->files)]));
        }
        $checker = new self($program, $files);
        $checker->heard = $heard;
        $readable = array_filter($program->steps, static function (planned $planned): bool {
            return $planned->params !== null;
        });
        $checker->look($readable, $faults);
        return $files;
    }

    /**
     * Check a step once more, right before it is run.
     *
     * @param planned $planned with all its references replaced
     * @throws refusal
     */
    public function recheck(planned $planned): void {
        $planned->look();
        $faults = new faults();
        $this->claims = new \ArrayObject();
        $this->look([$planned], $faults);
        $faults->refuse();
    }

    /**
     * Look at steps whose parameters could be read.
     *
     * @param planned[] $steps
     * @param faults $faults
     */
    private function look(array $steps, faults $faults): void {
        foreach ($steps as $planned) {
            $reason = $planned->step->unavailable();
            if ($reason !== '') {
                $faults->add(new fault($planned->path('step'), 'stepunavailable', [
                    'step' => $planned->step::name(), 'reason' => $reason,
                ]));
            }
        }
        foreach ($steps as $planned) {
            policy::check($planned, $faults);
        }
        foreach ($steps as $planned) {
            $this->demand($planned, $faults);
        }
        foreach ($steps as $planned) {
            if (!$faults->in_part($planned->path())) {
                $this->ask($planned, $faults);
            }
        }
    }

    /**
     * Let a step look for itself; what it did not expect is a fault of the step, too.
     *
     * @param planned $planned
     * @param faults $faults
     */
    private function ask(planned $planned, faults $faults): void {
        if ($planned->found !== null) {
            $names = array_keys($planned->differences());
            $code = $names ? 'existschanged' : 'existskept';
            $faults->note(new fault($planned->path(), $code, ['params' => implode(', ', $names)]));
            return;
        }
        try {
            $checking = new checking($faults, $planned, $this->scope, $this->files, $this->claims, $this->heard);
            $planned->step->check($planned->params, $checking);
        } catch (Throwable $error) {
            $faults->add(fault::of($error, $planned->path()));
        }
    }

    /**
     * Look whether the current user has a step's capabilities.
     *
     * @param planned $planned
     * @param faults $faults
     */
    private function demand(planned $planned, faults $faults): void {
        foreach ($planned->step->capabilities($planned->params, $this->scope) as [$capability, $context]) {
            if ($context !== null && !has_capability($capability, $context)) {
                $facts = ['capability' => $capability, 'context' => $context->get_context_name()];
                $faults->add(new fault($planned->path(), 'nopermissions', $facts));
            }
        }
    }
}
