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
 * Russian strings of the plugin.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['aliasnotrestored'] = 'Не удалось восстановить ссылку на файл: {$a}';
$string['backupinvalid'] = 'Файл не является резервной копией курса, которую можно восстановить: {$a}';
$string['backupnotfound'] = 'Резервной копии нет или уже нет';
$string['badarchive'] = 'Это не архив, который можно прочитать, или он обрезан';
$string['badxml'] = 'Описание внутри копии повреждено';
$string['cachedef_backupheaders'] = 'Сведения из резервных копий';
$string['filesmissing'] = 'В копии есть не все файлы курса, и на этом сайте их больше нет';
$string['idnumberleftout'] = 'Идентификационный номер «{$a}» не восстановлен: он есть у другого курса, или копия сделана на другом сайте';
$string['interrupted'] = 'Восстановление прервалось {$a} раза, не дойдя до конца; то, что от него осталось, удалено';
$string['nodescription'] = 'Внутри нет moodle_backup.xml';
$string['notcourse'] = 'Это не резервная копия целого курса в формате Moodle';
$string['nousersinbackup'] = 'Пользователи и их данные не восстановлены: их нет в копии';
$string['opkeyreused'] = 'Ключ операции {$a} уже использован с другими параметрами';
$string['otbridge:managerole'] = 'Управлять ролями для моста нормо-часов';
$string['otbridge:restore'] = 'Восстанавливать курсы для моста нормо-часов';
$string['otbridge:view'] = 'Просматривать операции моста нормо-часов';
$string['pluginname'] = 'Мост нормо-часов';
$string['precheckfailed'] = 'Проверки Moodle перед восстановлением нашли ошибки: {$a}';
$string['privacy:metadata:operation'] = 'Операции, заказанные мостом нормо-часов; у каждой ключ, который используется один раз';
$string['privacy:metadata:operation:action'] = 'Что заказано';
$string['privacy:metadata:operation:error'] = 'Почему не удалось; может называть пользователей, чьи учётные записи мешают восстановлению';
$string['privacy:metadata:operation:opkey'] = 'Ключ операции';
$string['privacy:metadata:operation:params'] = 'Параметры заказа';
$string['privacy:metadata:operation:result'] = 'Что создано';
$string['privacy:metadata:operation:status'] = 'Что стало с операцией';
$string['privacy:metadata:operation:timecreated'] = 'Когда заказано';
$string['privacy:metadata:operation:timefinished'] = 'Когда закончено';
$string['privacy:metadata:operation:userid'] = 'Пользователь, чей токен использован';
$string['roleassigned'] = 'Роль {$a} кому-то назначена или используется в настройках сайта';
$string['rolenotours'] = 'Роль {$a} создана не этим плагином';
$string['shortnametaken'] = 'Краткое название «{$a}» уже занято';
$string['sizelimit'] = 'Достигнуто ограничение на размер этой инсталляции';
$string['taskrescue'] = 'Продолжить восстановления, процесс которых умер';
$string['taskrestorecourse'] = 'Восстановить курс для моста нормо-часов';
$string['toolarge'] = 'Описание внутри копии слишком велико';
$string['unknownarchetype'] = 'Нет архетипа {$a}';
$string['unknowncapability'] = 'Неизвестные права: {$a}';
$string['unknowncontextlevel'] = 'Неизвестные уровни контекста: {$a}';
$string['unknownrole'] = 'Нет ролей с такими краткими названиями: {$a}';
$string['usersmatchedbyname'] = 'Учётные записи из копии сопоставлены по логину и адресу почты, потому что некоторые с тех пор созданы заново';
