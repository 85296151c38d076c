<?php

namespace Otbridge;

/**
 * The files of tickets: osTicket stores them, the plugin keeps what the contract tells of them, the SHA-256 above all.
 */
class Files
{
    private const LONGEST_NAME = 255;

    /** MySQL's code for a row that is there already. */
    private const KNOWN = 1062;

    /** @var Database */
    private $database;

    /** @var Messages */
    private $messages;

    /** @var bool[] files that osTicket could not give in this request, by number */
    private $unreadable = [];

    public function __construct(Database $database, Messages $messages)
    {
        $this->database = $database;
        $this->messages = $messages;
    }

    /** Take up the files of a ticket's thread that are not known yet; pictures inside of messages are none. */
    public function takeUp(int $ticketId): void
    {
        foreach ($this->unknown($ticketId) as $one) {
            $file = \AttachmentFile::lookup((int) $one['file_id']);
            if (!$file) {
                $this->unreadable[(int) $one['file_id']] = true;
                continue;
            }
            $this->database->transaction(function () use ($ticketId, $one, $file): void {
                try {
                    $this->keep($ticketId, (int) $one['file_id'], $one['name'], $one['type'] ?: 'application/octet-stream', $file->getData());
                } catch (DatabaseError $error) {
                    if ($error->getCode() !== self::KNOWN) { // by another request, at the same time
                        throw $error;
                    }
                }
            });
        }
    }

    /** Whether a ticket has files that `takeUp` has not seen yet. */
    public function wait(int $ticketId): bool
    {
        return $this->unknown($ticketId) !== [];
    }

    private function unknown(int $ticketId): array
    {
        $found = $this->database->rows(
            "SELECT DISTINCT attachment.file_id, COALESCE(attachment.name, file.name) AS name, file.type
             FROM {{thread}} AS thread JOIN {{thread_entry}} AS entry ON entry.thread_id = thread.id
             JOIN {{attachment}} AS attachment ON attachment.object_id = entry.id AND attachment.type = 'H' AND attachment.inline = 0
             JOIN {{file}} AS file ON file.id = attachment.file_id
             LEFT JOIN {file} AS known ON known.file_id = file.id AND known.ticket_id = thread.object_id
             WHERE thread.object_type = 'T' AND thread.object_id = ? AND known.n IS NULL ORDER BY attachment.id",
            [$ticketId]
        );
        return array_filter($found, function (array $one): bool {
            return !isset($this->unreadable[(int) $one['file_id']]);
        });
    }

    /**
     * Store what the bridge attaches; returns the file's row.
     *
     * @throws Problem `invalid`
     */
    public function attach(array $ticket, string $name, string $mediaType, string $content): array
    {
        $sound = mb_check_encoding($name, 'UTF-8') && mb_strlen($name) <= self::LONGEST_NAME && preg_match('~^[^/\\\\\p{C}]+$~Du', $name);
        if (!$sound) {
            throw Problem::invalid('name: must be a file name of 1 to ' . self::LONGEST_NAME . ' characters without slashes');
        }
        // osTicket stores no empty file.
        $files = $content === '' ? [] : [['name' => Words::basic($name), 'type' => $mediaType, 'data' => $content]];
        $entry = $this->messages->write($ticket['ticket_id'], $name, false, $files);
        $stored = $this->database->row("SELECT file_id FROM {{attachment}} WHERE object_id = ? AND type = 'H' ORDER BY id DESC LIMIT 1", [$entry]);
        // osTicket drops a block that is the single character 0, and with it the end of a file.
        $file = $stored === null ? null : \AttachmentFile::lookup((int) $stored['file_id']);
        if ($content !== '' && (!$file || $file->getData() !== $content)) {
            throw new \RuntimeException('osTicket did not store the file as it was sent');
        }
        return $this->keep($ticket['ticket_id'], $stored === null ? null : (int) $stored['file_id'], $name, $mediaType, $content);
    }

    /**
     * The bytes of an attachment.
     *
     * @throws Problem `not_found`
     */
    public function content(array $row): string
    {
        if ($row['file_id'] === null) {
            return '';
        }
        $file = \AttachmentFile::lookup((int) $row['file_id']);
        if (!$file) {
            throw Problem::notFound('file of the attachment', "a{$row['n']}");
        }
        return (string) $file->getData();
    }

    private function keep(int $ticketId, ?int $fileId, string $name, string $mediaType, string $content): array
    {
        $number = $this->database->insert('file', [
            'file_id' => $fileId, 'ticket_id' => $ticketId, 'name' => $name, 'media_type' => $mediaType,
            'size' => strlen($content), 'sha256' => hash('sha256', $content),
        ]);
        return $this->database->row('SELECT * FROM {file} WHERE n = ?', [$number]);
    }
}
