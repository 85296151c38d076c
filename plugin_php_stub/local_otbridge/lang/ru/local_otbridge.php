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
$string['alreadyingrouping'] = 'Группа {$a->group} уже входит в поток {$a->grouping}';
$string['alreadymember'] = 'Пользователь {$a->user} уже состоит в группе {$a->group}';
$string['alreadyrestricted'] = '«{$a->element}»: доступ уже ограничен; скажите, заменить это или оставить и добавить новое';
$string['alreadyundone'] = 'Операция {$a->opkey} уже отменена операцией {$a->by}';
$string['availabilityoff'] = 'Ограничение доступа на этом сайте отключено';
$string['backupinvalid'] = 'Файл не является резервной копией курса, которую можно восстановить: {$a->reason}';
$string['backupnotfound'] = 'Резервной копии нет или уже нет';
$string['badarchive'] = 'Это не архив, который можно прочитать, или он обрезан';
$string['badxml'] = 'Описание внутри копии повреждено';
$string['cachedef_backupheaders'] = 'Сведения из резервных копий';
$string['capabilitytwice'] = 'Право {$a->name} указано дважды';
$string['categories'] = 'Категории, в которых мосту можно работать';
$string['categories_desc'] = 'Вместе со всем, что внутри них. Если ничего не выбрано – во всех. Роли ни в какой категории не лежат.';
$string['categorynametaken'] = 'Категория «{$a->name}» там уже есть';
$string['categorynotallowed'] = 'Настройки плагина не разрешают мосту работать в категории, где находится {$a->id}';
$string['categorynotempty'] = 'Категория «{$a->name}» не пуста';
$string['categorynotfound'] = 'Нет категории {$a->id}';
$string['changedsince'] = 'Нельзя отменить {$a->step}: с тех пор изменено «{$a->what}» ({$a->whentext}, {$a->who})';
$string['cmnotfound'] = 'Нет элемента курса с номером {$a->id}';
$string['column_error'] = 'Ошибка';
$string['column_kind'] = 'Вид';
$string['column_label'] = 'Метка';
$string['column_remark'] = 'Примечание';
$string['column_result'] = 'Результат';
$string['column_status'] = 'Состояние';
$string['column_step'] = 'Шаг';
$string['column_steps'] = 'Выполнено шагов';
$string['column_ticket'] = 'Заявка';
$string['column_timecreated'] = 'Заказана';
$string['column_timefinished'] = 'Закончена';
$string['column_undo'] = 'Отмена';
$string['column_user'] = 'Пользователь';
$string['completionconditions'] = 'Условия нужны автоматическому выполнению, и только ему';
$string['completionneeded'] = 'Выполнения «{$a->element}» ждут другие элементы или условия выполнения курса';
$string['completionnograde'] = '«{$a->element}» не оценивается';
$string['completionnone'] = 'Выполнение «{$a->element}» не отслеживается, и условие никто не смог бы выполнить';
$string['completionnopassgrade'] = 'Эта версия Moodle не умеет требовать проходной балл у «{$a->element}»';
$string['completionnosubmit'] = 'У элемента вида {$a->type} такого условия нет: «{$a->element}»';
$string['completionnoview'] = 'Просмотр элемента вида {$a->type} не отслеживается: «{$a->element}»';
$string['completionoff'] = 'Отслеживание выполнения в курсе отключено';
$string['completionoffsite'] = 'Отслеживание выполнения на этом сайте отключено';
$string['completionstarted'] = '«{$a->element}» уже выполнили: {$a->people}; изменение обесценило бы их отметки';
$string['completionungraded'] = '«{$a->element}» выполняется без оценки, и сдать его или не сдать нельзя';
$string['concepttaken'] = 'В глоссарии уже есть понятие «{$a->concept}»';
$string['conditionempty'] = 'В условии вида {$a->type} не всё указано';
$string['conditionoff'] = 'Условия вида {$a->type} на этом сайте отключены';
$string['contextnotallowed'] = 'Настройки плагина не разрешают назначать роль с архетипом {$a->archetype} на уровне {$a->level}';
$string['contexts'] = 'Более широкие уровни для архетипов';
$string['contexts_desc'] = 'Роль с архетипом можно назначать на уровнях, которые Moodle даёт этому архетипу по умолчанию, и ниже. Выбранное здесь разрешает и эти уровни.';
$string['coursenotfound'] = 'Нет курса {$a->id}';
$string['criteriastarted'] = 'Курс уже выполнили: {$a->people}; другие условия обесценили бы это';
$string['criteriathere'] = 'Условия выполнения у курса уже есть; скажите, заменить их или оставить и добавить новые';
$string['draftaddress'] = 'Текст ссылается на временный файл, которого скоро не будет';
$string['elementambiguous'] = 'Элементов «{$a->element}» несколько: {$a->ids}';
$string['elementnamed'] = 'Элемент называют одним способом: cm, idnumber или name';
$string['elementnotfound'] = 'Элемента «{$a->element}» в курсе нет {$a->alike}';
$string['elementtwice'] = '«{$a->element}» в одной программе меняется дважды';
$string['elementwithoutfile'] = 'В элементе «{$a->element}» нет файла';
$string['eventoperationdone'] = 'Операция моста нормо-часов выполнена';
$string['eventoperationfailed'] = 'Операция моста нормо-часов не удалась';
$string['existschanged'] = 'Уже есть; будет изменено: {$a->params}';
$string['existskept'] = 'Уже есть и остаётся как есть';
$string['filechanged'] = 'Файл «{$a->name}» пришёл с другим содержимым, чем было объявлено';
$string['filemissing'] = 'Файл «{$a->name}» не пришёл';
$string['filenametwice'] = 'Два файла имеют одно и то же имя «{$a->name}»';
$string['filenotlisted'] = 'Файла {$a->sha256} нет в списке файлов программы';
$string['filesinsection'] = 'В разделе {$a->element} несколько элементов «Файл»: {$a->ids}';
$string['filesmissing'] = 'В копии есть не все файлы курса, и на этом сайте их больше нет';
$string['filesnotcompared'] = 'Содержимое файлов ({$a->count}) не проверено: они ещё не загружены';
$string['filetwice'] = 'Один и тот же файл указан дважды';
$string['filetypeunknown'] = 'Moodle не знает таких типов файлов: {$a->types}';
$string['formatnotfound'] = 'Нет формата курса «{$a->format}»; есть: {$a->choices}';
$string['formulaambiguous'] = 'Идентификационный номер {$a->idnumber} есть у нескольких оценок';
$string['formulabad'] = 'Формулу нельзя вычислить: {$a->formula} ({$a->why})';
$string['formulaloop'] = 'Формуле понадобился бы её собственный результат: {$a->formula}';
$string['formulaunknown'] = 'Оценки с идентификационным номером {$a->idnumber} нет';
$string['frontpagecategories'] = 'Главная страница идёт по категориям: «{$a->first}» стоял бы перед «{$a->second}»';
$string['gradecategorynotfound'] = 'Нет категории оценок {$a->id}';
$string['gradecategorytaken'] = 'Категория оценок «{$a->name}» уже есть';
$string['gradeitemnotfound'] = 'Нет элемента оценивания {$a->id}';
$string['gradenotsum'] = 'У этой оценки нет своего параметра {$a->name}';
$string['graderange'] = 'Оценка не может быть не ниже {$a->min} % и ниже {$a->max} %';
$string['gradesentered'] = 'В «{$a->name}» уже есть оценки, формула заменила бы их';
$string['groupingnametaken'] = 'В курсе уже есть поток «{$a->name}»';
$string['groupingnotfound'] = 'Нет потока {$a->id}';
$string['groupnametaken'] = 'В курсе уже есть группа «{$a->name}»';
$string['groupnotfound'] = 'Нет группы {$a->id}';
$string['idnumberleftout'] = 'Идентификационный номер «{$a}» не восстановлен: он есть у другого курса, или копия сделана на другом сайте';
$string['idnumbertaken'] = 'Идентификационный номер «{$a->idnumber}» уже занят';
$string['interrupted'] = 'Процесс {$a->attempts} раза умирал на одном и том же шаге';
$string['kind_run'] = 'Программа';
$string['kind_undo'] = 'Отмена';
$string['labelform'] = 'Метка – это строчная латинская буква и не более 39 строчных букв, цифр и подчёркиваний; получено: «{$a->label}»';
$string['labeltwice'] = 'Метка «{$a->label}» использована дважды';
$string['locktimeout'] = 'Над этим работает кто-то другой: {$a->lock}';
$string['moduleoff'] = 'На этом сайте нет элементов вида {$a->type}, или они отключены';
$string['nodescription'] = 'Внутри нет moodle_backup.xml';
$string['nofileinsection'] = 'В разделе {$a->element} нет элемента «Файл»';
$string['nogradepass'] = 'У «{$a->element}» не задан проходной балл';
$string['nopermissions'] = 'Пользователю моста не хватает права {$a->capability} в контексте: {$a->context}';
$string['nopictures'] = 'На этом сайте у курсов не бывает изображений';
$string['noquestions'] = 'Вопросов в нём нет';
$string['norightanswer'] = 'У страницы «{$a->title}» нет верного ответа';
$string['noscores'] = 'Баллы бывают только у вопросов лекции с настраиваемым оцениванием';
$string['nosuchgroup'] = 'Группы «{$a->name}» в курсе нет, или их несколько';
$string['nosuchgrouping'] = 'Потока «{$a->name}» в курсе нет, или их несколько';
$string['nosuchprofilefield'] = 'В профилях нет поля {$a->name}';
$string['notcourse'] = 'Это не резервная копия целого курса в формате Moodle';
$string['notended'] = 'Операция {$a->opkey} ещё не закончена, или её как раз отменяют';
$string['notenrolled'] = 'Пользователь {$a->user} не записан на курс группы {$a->group}';
$string['notimage'] = 'Файл не является изображением';
$string['nousersinbackup'] = 'Пользователи и их данные не восстановлены: их нет в копии';
$string['operations'] = 'Операции моста';
$string['opkeyreused'] = 'Ключ операции {$a->opkey} уже использован для другого';
$string['otbridge:managerole'] = 'Управлять ролями для моста нормо-часов';
$string['otbridge:restore'] = 'Восстанавливать курсы для моста нормо-часов';
$string['otbridge:run'] = 'Выполнять программы моста нормо-часов';
$string['otbridge:view'] = 'Просматривать операции моста нормо-часов';
$string['othercourse'] = 'Группа {$a->id} находится в другом курсе';
$string['othersite'] = 'Резервная копия сделана на другом сайте: {$a->site}';
$string['paramchoice'] = '«{$a->value}» не входит в список: {$a->choices}';
$string['paramcontrol'] = 'В тексте есть управляющие символы';
$string['paramcount'] = 'Их {$a->count}; допустимо от {$a->min} до {$a->max}';
$string['paramlength'] = 'Длина – {$a->length} символов; допустимо от {$a->min} до {$a->max}';
$string['parammissing'] = 'Не хватает параметра {$a->name}';
$string['parampattern'] = '«{$a->value}» не соответствует виду {$a->pattern}';
$string['paramrange'] = '{$a->value} не лежит между {$a->min} и {$a->max}';
$string['paramtype'] = 'Здесь должно стоять значение типа {$a->type}';
$string['paramunknown'] = 'Параметра {$a->name} здесь нет';
$string['plaintext'] = 'Здесь может стоять только простой текст';
$string['pluginname'] = 'Мост нормо-часов';
$string['policy'] = 'Что можно мосту';
$string['precheckfailed'] = 'Проверки Moodle перед восстановлением нашли ошибки: {$a->reason}';
$string['privacy:metadata:files'] = 'Файлы заказа, пока его операция не закончена, и заменённые им файлы, пока её можно отменить';
$string['privacy:metadata:operation'] = 'Операции, заказанные мостом нормо-часов; у каждой ключ, который используется один раз';
$string['privacy:metadata:operation:error'] = 'Почему не удалось; может называть пользователей, чьи учётные записи мешают восстановлению';
$string['privacy:metadata:operation:opkey'] = 'Ключ операции';
$string['privacy:metadata:operation:program'] = 'Заказанные шаги';
$string['privacy:metadata:operation:result'] = 'Что создано';
$string['privacy:metadata:operation:status'] = 'Что стало с операцией';
$string['privacy:metadata:operation:ticket'] = 'Заявка, по которой заказано';
$string['privacy:metadata:operation:timecreated'] = 'Когда заказано';
$string['privacy:metadata:operation:timefinished'] = 'Когда закончено';
$string['privacy:metadata:operation:userid'] = 'Пользователь, чей токен использован';
$string['privacy:metadata:step'] = 'Что сделал каждый шаг операции';
$string['privacy:metadata:step:params'] = 'Параметры шага; могут называть пользователей';
$string['privacy:metadata:step:result'] = 'Что шаг создал';
$string['programinvalid'] = 'Программу нельзя прочитать: {$a->reason}';
$string['questionanswer'] = 'Вопрос {$a->number}, строка {$a->line}: «{$a->value}» не называет ни одного варианта; после «ANSWER:» нужна одна заглавная латинская буква';
$string['questionanyright'] = 'Вопрос {$a->number} («{$a->name}»): верным был бы любой ответ';
$string['questionbraces'] = 'Вопрос {$a->number} («{$a->name}»): его ответы не были бы прочитаны как ответы; проверьте скобки и разметку';
$string['questioncategory'] = 'Строка {$a->line}: после категории нет пустой строки, и следующий вопрос стал бы её названием';
$string['questioncomma'] = 'Вопрос {$a->number}: вместо «{$a->value}» нужна десятичная точка, иначе Moodle прочитает другое число';
$string['questioncount'] = 'Ожидалось вопросов: {$a->expected}, прочитано: {$a->found}';
$string['questionempty'] = 'У вопроса {$a->number} («{$a->name}») нет текста';
$string['questionencoding'] = 'Вопросы записаны не в кодировке UTF-8';
$string['questionfile'] = 'Вопрос {$a->number}: файла «{$a->name}» при нём нет';
$string['questioninuse'] = 'Вопрос {$a->id} где-то используется';
$string['questionjoined'] = 'Строка {$a->line}: перед вопросом нет пустой строки, и он слился бы с предыдущим';
$string['questionletter'] = 'Строка {$a->line}: вариант начинается с русской буквы «{$a->value}», а нужна латинская';
$string['questionlost'] = 'Вопрос {$a->number} не сохранился';
$string['questionmarkup'] = 'Вопрос {$a->number}: HTML записан не в CDATA и не экранирован, он бы потерялся';
$string['questionnoright'] = 'У вопроса {$a->number} («{$a->name}») нет верного ответа: ни один не даёт 100 %';
$string['questionnotfound'] = 'Нет вопроса {$a->id}';
$string['questionnotusable'] = 'Вопрос {$a->id} нельзя поместить в тест отдельно';
$string['questionoptions'] = 'У вопроса {$a->number} («{$a->name}») меньше двух вариантов';
$string['questionscript'] = 'Вопрос {$a->number}: в нём есть скрипт, который выполнился бы в браузере; чтобы показать его текст, пишут &lt;script&gt;';
$string['questionspartly'] = 'В категории «{$a->category}» уже есть {$a->found} из этих {$a->count} вопросов: удалите их или назовите другую категорию';
$string['questionsunreadable'] = 'Moodle не может прочитать вопросы: {$a->message}';
$string['questiontruefalse'] = 'Вопрос {$a->number}: «{$a->value}» не читается как «верно» или «неверно»; в GIFT пишется T или F, в XML – true или false';
$string['questiontwice'] = 'Вопрос {$a->id} уже есть в тесте';
$string['questiontype'] = 'Вопрос {$a->number}: на этом сайте нет вопросов типа {$a->type}';
$string['questionweight'] = 'Вопрос {$a->number} («{$a->name}»): вес не прочитан и остался в ответе «{$a->value}»';
$string['quizattempted'] = 'У теста «{$a->name}» есть попытки, менять его вопросы нельзя';
$string['referencefield'] = '«{$a->value}»: у шага {$a->label} нет результата {$a->field}, на который можно сослаться';
$string['referenceform'] = '«{$a->value}» не является ссылкой; текст, который начинается с $, пишется с $$';
$string['referencelabel'] = '«{$a->value}»: ни у одного из предыдущих шагов нет метки {$a->label}';
$string['referencetype'] = '«{$a->value}» имеет тип {$a->type}, а нужен {$a->wanted}';
$string['reforfile'] = 'Нужно ровно одно из двух: ref или file';
$string['restrictionloop'] = '«{$a->element}» ждал бы сам себя';
$string['retention'] = 'Сколько дней хранить, что сделали операции';
$string['retention_desc'] = 'Через столько дней программы, шаги и результаты удаляются, и отменить операцию уже нельзя. Ключи остаются, чтобы ничего не было сделано дважды. 0 – хранить всегда.';
$string['risknotallowed'] = 'Настройки плагина не разрешают роли иметь право {$a->name}; риски: {$a->risks}';
$string['risks'] = 'Риски, которые могут нести роли';
$string['risks_desc'] = 'Сверх прав своего архетипа роль, созданная мостом, может иметь только права с этими рисками. Права других плагинов тоже оцениваются по рискам.';
$string['roleassigned'] = 'Роль {$a->shortname} кому-то назначена или используется в настройках сайта';
$string['rolenametaken'] = 'Есть другая роль с названием «{$a->name}»';
$string['rolenotfound'] = 'Нет роли {$a->id}';
$string['scalenametaken'] = 'Шкала «{$a->name}» уже есть';
$string['scalenotfound'] = 'Нет шкалы {$a->id}';
$string['scaleused'] = 'Шкала «{$a->name}» используется';
$string['sectionnotfound'] = 'В курсе нет раздела {$a->section}';
$string['shortnametaken'] = 'Краткое название «{$a->shortname}» уже занято';
$string['sizelimit'] = 'Достигнуто ограничение на размер этой инсталляции';
$string['status_begun'] = 'начат';
$string['status_done'] = 'выполнено';
$string['status_failed'] = 'не удалось';
$string['status_left'] = 'оставлено как есть';
$string['status_queued'] = 'в очереди';
$string['status_running'] = 'выполняется';
$string['status_undoing'] = 'отменяется';
$string['status_undone'] = 'отменено';
$string['stepfailed'] = 'Moodle не смогла это сделать: {$a->message}';
$string['stepoff'] = 'Шаг {$a->step} отключён в настройках плагина';
$string['stepsoff'] = 'Отключённые шаги';
$string['stepsoff_desc'] = 'Программы с любым из этих шагов отклоняются.';
$string['stepunavailable'] = 'На этом сайте нет шага {$a->step}: {$a->reason}';
$string['taskforget'] = 'Забыть, что сделали старые операции';
$string['taskrescue'] = 'Продолжить операции, процесс которых умер';
$string['taskworkon'] = 'Выполнить операцию моста нормо-часов';
$string['textorfile'] = 'Нужен или текст, или файл, но не оба сразу';
$string['timesorder'] = 'Время {$a->second} раньше, чем {$a->first}';
$string['toolarge'] = 'Описание внутри копии слишком велико';
$string['undoes'] = 'Отменяет {$a}';
$string['undoexpired'] = 'Операцию {$a->opkey} нельзя отменить: сведения о том, что она сделала, хранились ограниченное время';
$string['undoneby'] = 'Отменена операцией {$a}';
$string['unknownarchetype'] = 'Нет архетипа {$a->archetype}';
$string['unknowncapability'] = 'Неизвестное право: {$a->name}';
$string['unknownoperation'] = 'Нет операции {$a->opkey}, которую можно было бы отменить';
$string['unknownrole'] = 'Нет роли с кратким названием {$a->shortname}';
$string['unknownstep'] = 'Нет шага «{$a->step}»';
$string['usernotfound'] = 'Нет пользователя {$a->id}';
$string['usersmatchedbyname'] = 'Учётные записи из копии сопоставлены по логину и адресу почты, потому что некоторые с тех пор созданы заново';
$string['weightunused'] = 'Вес учитывается только в среднем взвешенном';
$string['wrongmodule'] = 'Элемент {$a->id} имеет вид {$a->found}, а нужен {$a->wanted}';
