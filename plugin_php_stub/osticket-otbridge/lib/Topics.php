<?php

namespace Otbridge;

/**
 * Help topics as the contract's categories. The paid section is followed: once the topic of the settings' name was found, the bridge is told that name
 * also when people rename or move the topic.
 */
class Topics
{
    /** @var Database */
    private $database;

    /** @var array|null */
    private $categories;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /** The category of a topic's tickets, "" for a topic that is not there. */
    public function category(int $topicId): string
    {
        if ($this->categories === null) {
            $this->categories = self::called($this->rows(), Portal::paid(), $this->followed());
        }
        return $this->categories[$topicId] ?? '';
    }

    /** Keep which topic the paid section is, and what each topic is called by now; for transactions. */
    public function keep(): void
    {
        $rows = $this->rows();
        $named = self::named($rows, Portal::paid());
        if ($named !== null && $named !== $this->followed()) {
            $this->database->rows(
                'INSERT INTO {section} (name, topic_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE topic_id = VALUES(topic_id)',
                [Portal::same(Portal::paid()), $named]
            );
        }
        $this->categories = null;
        $known = array_column($this->database->rows('SELECT topic_id, category FROM {topic}'), 'category', 'topic_id');
        foreach ($rows as $row) {
            $id = (int) $row['topic_id'];
            if (($known[$id] ?? null) !== $this->category($id)) {
                $this->database->rows(
                    'INSERT INTO {topic} (topic_id, category) VALUES (?, ?) ON DUPLICATE KEY UPDATE category = VALUES(category)',
                    [$id, $this->category($id)]
                );
            }
            unset($known[$id]);
        }
        foreach (array_keys($known) as $id) {
            $this->database->rows('DELETE FROM {topic} WHERE topic_id = ?', [$id]);
        }
    }

    /** What an administrator should know of the paid section, "" where all is well. */
    public function warning(): string
    {
        $rows = $this->rows();
        if (self::named($rows, Portal::paid()) !== null) {
            return '';
        }
        $now = self::paths($rows)[$this->followed() ?? 0] ?? null;
        return $now === null
            ? Words::tell('section_missing', ['name' => Portal::paid()])
            : Words::tell('section_renamed', ['name' => Portal::paid(), 'now' => $now]);
    }

    /**
     * Categories by topic.
     *
     * @param array[] $rows topic_id, topic_pid and topic of each
     * @param string $paid the paid section's name in the settings
     * @param int|null $followed the topic that had this name when it was last seen
     */
    public static function called(array $rows, string $paid, ?int $followed): array
    {
        $paths = self::paths($rows);
        if (self::named($rows, $paid) !== null || !isset($paths[$followed ?? 0])) {
            return $paths;
        }
        $above = array_column($rows, 'topic_pid', 'topic_id');
        $own = array_column($rows, 'topic', 'topic_id');
        foreach (array_keys($paths) as $id) {
            $below = [];
            for ($at = $id; $at !== $followed && isset($own[$at]) && count($below) <= count($rows); $at = (int) $above[$at]) {
                array_unshift($below, $own[$at]);
            }
            if ($at === $followed) {
                $paths[$id] = implode(' / ', array_merge([$paid], $below));
            }
        }
        return $paths;
    }

    /** The topic whose full name this is; null where there is none. */
    private static function named(array $rows, string $name): ?int
    {
        foreach (self::paths($rows) as $id => $path) {
            if (Portal::same($path) === Portal::same($name)) {
                return $id;
            }
        }
        return null;
    }

    /** Full names by topic; of a circle of topics each is told once. */
    private static function paths(array $rows): array
    {
        $above = array_column($rows, 'topic_pid', 'topic_id');
        $own = array_column($rows, 'topic', 'topic_id');
        $paths = [];
        foreach (array_keys($own) as $id) {
            $names = $seen = [];
            for ($at = $id; isset($own[$at]) && !isset($seen[$at]); $at = (int) $above[$at]) {
                $seen[$at] = true;
                array_unshift($names, $own[$at]);
            }
            $paths[$id] = implode(' / ', $names);
        }
        return $paths;
    }

    private function followed(): ?int
    {
        return $this->database->number('SELECT topic_id FROM {section} WHERE name = ?', [Portal::same(Portal::paid())]) ?: null;
    }

    /** All topics, by their own names: a reader's language changes no category. */
    private function rows(): array
    {
        return $this->database->rows('SELECT topic_id, topic_pid, topic FROM {{help_topic}} ORDER BY topic_id');
    }
}
