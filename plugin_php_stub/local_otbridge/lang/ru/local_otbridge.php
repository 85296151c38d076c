<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Russian texts.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['backupinvalid'] = 'Файл не является резервной копией курса: {$a}';
$string['backupnotfound'] = 'Резервной копии нет или уже нет.';
$string['cachedef_backupheaders'] = 'Сведения изнутри файлов резервных копий';
$string['interrupted'] = 'Восстановление дважды прервано; всё, что оно успело создать, удалено.';
$string['missingcapability'] = 'Не хватает права {$a}.';
$string['opkeyreused'] = 'Ключ операции {$a} уже использован с другими параметрами.';
$string['otbridge:managerole'] = 'Создавать роли и удалять созданные мостом';
$string['otbridge:restore'] = 'Находить резервные копии курсов и восстанавливать их';
$string['otbridge:view'] = 'Видеть состояние сайта и операций моста';
$string['pluginname'] = 'Мост нормо-часов';
$string['precheckfailed'] = 'Эту копию нельзя восстановить здесь: {$a}';
$string['privacy:metadata:operation'] = 'Изменения, заказанные через веб-службы, каждое под ключом, который действует один раз.';
$string['privacy:metadata:operation:action'] = 'Что было заказано.';
$string['privacy:metadata:operation:params'] = 'Параметры заказа.';
$string['privacy:metadata:operation:result'] = 'Что получилось.';
$string['privacy:metadata:operation:timecreated'] = 'Когда заказано.';
$string['privacy:metadata:operation:userid'] = 'Пользователь, чей токен это заказал.';
$string['privacy:path'] = 'Операции моста нормо-часов';
$string['restorefailed'] = 'Восстановить не удалось: {$a}';
$string['roleassigned'] = 'Роль «{$a}» кому-то назначена.';
$string['rolenotours'] = 'Роль {$a} создана не мостом или уже удалена.';
$string['shortnametaken'] = 'Краткое название «{$a}» занято.';
$string['taskrestorecourse'] = 'Восстановление курса для моста нормо-часов';
$string['taskresumerestores'] = 'Возобновление прерванных восстановлений моста нормо-часов';
$string['unknownarchetype'] = 'Архетипа «{$a}» нет.';
$string['unknowncapability'] = 'Неизвестные права: {$a}.';
$string['unknowncategory'] = 'Категории курсов с идентификатором {$a} нет.';
$string['unknowncontextlevel'] = 'Неизвестные уровни контекста: {$a}.';
$string['unknownrole'] = 'Неизвестные роли: {$a}.';
$string['userrestoreforced'] = 'Пользователи сопоставлены как для копии с другого сайта: они не совпадают с здешними.';
$string['usersleftout'] = 'В резервной копии нет пользователей.';
