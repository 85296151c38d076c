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
 * Files of the site that steps replace, and their earlier contents.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_system;

/**
 * Replaces files in an area of the system context, keeps what lay there, and gives it back.
 *
 * A kept file is only a second name of a content, which therefore is never lost, also where a transaction is rolled back.
 */
class site_files {
    /** @var string area of the plugin for what is kept, one item an operation */
    const AREA = 'before';

    /**
     * What lies in an area.
     *
     * @param string $component
     * @param string $area
     * @return string[] `hash name`, sorted
     */
    public static function listed(string $component, string $area): array {
        $found = [];
        foreach (self::in_area($component, $area) as $file) {
            $found[] = $file->get_contenthash() . ' ' . $file->get_filename();
        }
        sort($found);
        return $found;
    }

    /**
     * Put a file into an area.
     *
     * @param work $work
     * @param string $component
     * @param string $area
     * @param string $name
     * @param \stored_file|string $content
     * @param bool $alone whether other files go; one of the same name always does
     * @return array the change: component, area, what lay there before and after
     */
    public static function put(work $work, string $component, string $area, string $name, $content, bool $alone): array {
        $storage = get_file_storage();
        $before = self::listed($component, $area);
        $path = self::path($work, $component, $area);
        foreach (self::in_area($component, $area) as $file) {
            $storage->create_file_from_storedfile(self::kept($work, $path), $file);
            if ($alone || $file->get_filename() === $name) {
                $file->delete();
            }
        }
        $record = [
            'contextid' => context_system::instance()->id, 'component' => $component, 'filearea' => $area, 'itemid' => 0,
            'filepath' => '/', 'filename' => $name,
        ];
        if ($content instanceof \stored_file) {
            $storage->create_file_from_storedfile($record + ['mimetype' => mimeinfo('type', $name)], $content);
        } else {
            $storage->create_file_from_string($record, $content);
        }
        return [$component, $area, $before, self::listed($component, $area)];
    }

    /**
     * Give back what lay in the areas before; those that hold it already are left alone.
     *
     * @param work $work
     * @param array $changes
     */
    public static function restore(work $work, array $changes): void {
        $storage = get_file_storage();
        $system = context_system::instance()->id;
        foreach ($changes as [$component, $area, $before]) {
            if (self::listed($component, $area) !== $before) {
                $storage->delete_area_files($system, $component, $area, 0);
                foreach (self::of_operation($work, self::path($work, $component, $area)) as $file) {
                    $record = ['component' => $component, 'filearea' => $area, 'itemid' => 0, 'filepath' => '/'];
                    $storage->create_file_from_storedfile($record, $file);
                }
            }
        }
        foreach ($changes as [$component, $area]) {
            foreach (self::of_operation($work, self::path($work, $component, $area)) as $file) {
                $file->delete();
            }
            $folder = self::kept($work, self::path($work, $component, $area));
            $left = $storage->get_file($system, 'local_otbridge', self::AREA, $folder['itemid'], $folder['filepath'], '.');
            if ($left) {
                $left->delete();
            }
        }
        if ($storage->is_area_empty($system, 'local_otbridge', self::AREA, $work->operationid())) {
            self::forget($work->operationid());
        }
    }

    /**
     * The first area that somebody changed since.
     *
     * @param array $changes
     * @return change|null
     */
    public static function changed(array $changes): ?change {
        foreach ($changes as [$component, $area, , $after]) {
            if (self::listed($component, $area) !== $after) {
                $times = array_map(static function ($file) {
                    return (int) $file->get_timemodified();
                }, self::in_area($component, $area));
                return new change("$component/$area", $times ? max($times) : 0);
            }
        }
        return null;
    }

    /**
     * Remove what an operation kept.
     *
     * @param int $operationid
     */
    public static function forget(int $operationid): void {
        get_file_storage()->delete_area_files(context_system::instance()->id, 'local_otbridge', self::AREA, $operationid);
    }

    /**
     * Files of an area.
     *
     * @param string $component
     * @param string $area
     * @return \stored_file[]
     */
    private static function in_area(string $component, string $area): array {
        return array_values(get_file_storage()->get_area_files(context_system::instance()->id, $component, $area, 0, 'id', false));
    }

    /**
     * Where the files of an area are kept.
     *
     * @param work $work
     * @param string $component
     * @param string $area
     * @return string
     */
    private static function path(work $work, string $component, string $area): string {
        return '/' . $work->position() . "/$component/$area/";
    }

    /**
     * A kept file as the file storage wants it.
     *
     * @param work $work
     * @param string $path
     * @return array
     */
    private static function kept(work $work, string $path): array {
        return [
            'contextid' => context_system::instance()->id, 'component' => 'local_otbridge', 'filearea' => self::AREA,
            'itemid' => $work->operationid(), 'filepath' => $path,
        ];
    }

    /**
     * Kept files.
     *
     * @param work $work
     * @param string $path
     * @return \stored_file[]
     */
    private static function of_operation(work $work, string $path): array {
        $system = context_system::instance()->id;
        $files = get_file_storage()->get_area_files($system, 'local_otbridge', self::AREA, $work->operationid(), 'id', false);
        return array_filter($files, static function ($file) use ($path) {
            return $file->get_filepath() === $path;
        });
    }
}
