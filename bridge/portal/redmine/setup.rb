# Sets a Redmine up as a portal of norm-hours; for rails runner, printed by otbridge init-redmine with what it is given.
# It makes what is missing, finds the rest by its name, takes nothing away, and may be run again at any time. Standard output is the table
# [portal.redmine] of bridge.toml.

require "json"
given = JSON.parse(GIVEN.unpack1("m").force_encoding("UTF-8"))
User.current = User.where(admin: true, status: User::STATUS_ACTIVE).first or abort "this Redmine has no administrator"

def named(kind, name, values = {})
  found = kind.find_by(name: name)
  return found if found

  made = kind.new({name: name}.merge(values))
  made.save!
  warn "made: #{kind.name} #{name}"
  made
end

def role(name, permissions)
  found = Role.givable.find_by(name: name)
  found ||= named(Role, name, issues_visibility: "all", users_visibility: "members_of_visible_projects", time_entries_visibility: "all")
  found.add_permission!(*permissions)
  found
end

def status(name, closed)
  named(IssueStatus, name, is_closed: closed)
end

def tracker(name, first)
  named(Tracker, name, default_status: first, core_fields: Tracker::CORE_FIELDS)
end

# seen: the roles that see the field; nil: everybody does.
def field(kind, name, format, description, trackers: nil, seen: nil, **values)
  found = kind.find_by(name: name)
  unless found
    common = {name: name, field_format: format, description: description, visible: seen.nil?}
    common[:is_for_all] = true if kind == IssueCustomField
    found = kind.new(common.merge(values))
    found.roles = seen if seen
    found.save!
    warn "made: #{kind.name} #{name}"
  end
  found.trackers |= trackers if trackers
  found
end

def allow(tracker, role, moves)
  moves.each do |from, targets|
    targets.each do |to|
      WorkflowTransition.find_or_create_by!(
        tracker_id: tracker.id, role_id: role.id, old_status_id: from.id, new_status_id: to.id, author: false, assignee: false
      )
    end
  end
end

# Redmine goes by the last rule of a field, so where somebody made one it stays the only one.
def rule(rule, tracker, role, statuses, fields)
  statuses.product(fields).each do |status, field|
    of_field = {tracker_id: tracker.id, role_id: role.id, old_status_id: status.id, field_name: field.to_s}
    WorkflowPermission.find_by(of_field) || WorkflowPermission.create!(of_field.merge(rule: rule))
  end
end

# The page of an issue leaves out empty fields of full width, and no others. What an administrator chose stays.
def hidden_while_empty(field)
  field.update!(full_width_layout: "1") if field.full_width_layout.nil?
  field
end

ActiveRecord::Base.transaction do
  Setting.rest_api_enabled = 1
  Setting.timelog_accept_0_hours = 1
  named(IssuePriority, "Обычный", is_default: true) unless IssuePriority.active.exists?

  customer = role(given["customer_role"], %i[view_issues add_issues edit_issues add_issue_notes view_time_entries])
  specialist = role(
    given["specialist_role"],
    %i[view_issues add_issues edit_issues manage_subtasks add_issue_notes log_time view_time_entries edit_own_time_entries
       view_private_notes set_notes_private]
  )
  bridge = role(
    "Мост нормо-часов",
    %i[view_issues edit_issues add_issue_notes log_time view_time_entries edit_own_time_entries view_private_notes set_notes_private]
  )
  accountant = role(given["accountant_role"], %i[view_issues log_time view_time_entries edit_own_time_entries])
  # Who edits issues may write every field that the workflow leaves open to them, so it closes what is not theirs. Of time entries whoever sees a
  # field may write it: specialists, who log time, do not see the norm-hours of a top-up, and so make none.
  inner = [specialist, bridge]
  money = [customer, accountant, bridge]

  ticket_states = {
    open: status("Новая", false), in_progress: status("В работе", false), suspended: status("Приостановлена", false),
    awaiting_acceptance: status("На приёмке", false), done: status("Выполнена", true), withdrawn: status("Отозвана", false)
  }
  stage_states = {
    planned: ticket_states[:open], in_progress: ticket_states[:in_progress], ready: ticket_states[:awaiting_acceptance],
    accepted: status("Принята", true), rejected: status("Отклонена", false), written_off: status("Списана", true)
  }
  ticket = tracker("Заявка", ticket_states[:open])
  stage = tracker("Этап", stage_states[:planned])
  trackers = [ticket, stage]

  key = field(
    IssueCustomField, "Ключ записи моста", "string", "По ключу мост узнаёт, что уже записал.", trackers: trackers, seen: inner, is_filter: true
  )
  agreed = field(IssueCustomField, "Смета согласована", "bool", "Окончательное согласование этапов и их оценок.", trackers: [ticket], edit_tag_style: "check_box")
  coefficient = field(IssueCustomField, "Коэффициент К", "float", "1 – разработка, 0.6 – работа с контентом.", trackers: [stage], default_value: "1")
  held = field(
    IssueCustomField, "Резерв, н.ч", "float", "Сколько нормо-часов баланса отложено сейчас на этот этап; пишет мост.",
    trackers: [stage]
  )
  taken = field(
    IssueCustomField, "Списано, н.ч", "float", "Сколько нормо-часов списано за этот этап; пишет мост.", trackers: [stage]
  )
  # Redmine asks no questions when a status is chosen, but it wants fields filled: who accepts a stage has to say
  # that its hours may be taken.
  consent = hidden_while_empty(
    field(
      IssueCustomField, "Списать часы этапа с баланса", "list", "Приёмка этапа списывает его нормо-часы с баланса.",
      trackers: [stage], possible_values: ["Да, этап принят, часы списать"]
    )
  )
  # A parameter that several actions know has a field for each: the same name means another thing there.
  params = given["fields"].group_by { |one| one["param"] }.flat_map do |param, own|
    common = IssueCustomField.find_by(name: given["made_for_all"][param])
    next own.map { |one| [one["name"], one["format"], "Параметр заказа: #{one["action"]}"] } unless common

    # It was made for all of them, and orders stand in it.
    warn "the field #{common.name} serves #{own.map { |one| one["action"] }.join(", ")}: for a field of its own for each" \
         " rename it to #{own[0]["name"]} and run this again"
    [[common.name, common.field_format, common.description]]
  end
  order = [
    ["Установка (installation)", "string", "Серийный номер СЭО 3KL"],
    ["Услуга (service)", "string", "Номер услуги по каталогу, например 2.9.1-restore"],
    ["Вариант (variant)", "string", "Вариант услуги, если они есть"],
    ["Количество (quantity)", "string", "Сколько единиц услуги; 1, если не указано"],
    ["Действие (action)", "string", "Какое из действий услуги, если их несколько"],
    *params,
    ["Параметры (params)", "text", "Остальные параметры заказа, TOML"]
  ]
  order.each do |name, format, description|
    hidden_while_empty(field(IssueCustomField, name, format, description, trackers: [ticket]))
  end

  hours = field(TimeEntryCustomField, "Нормо-часы", "float", "Пополнение и возврат со знаком плюс, списание со знаком минус; сумма – баланс.", seen: money)
  entry_key = field(TimeEntryCustomField, "Ключ списания", "string", "По ключу мост узнаёт, что уже списал.", seen: [bridge], is_filter: true)
  details = field(TimeEntryCustomField, "Данные списания", "text", "Время, коэффициенты, цена и результат работы.", seen: [bridge])
  price = field(ProjectCustomField, "Цена нормо-часа", "float", "В рублях; цена списаний считается по ней.")
  overdraft = field(ProjectCustomField, "Овердрафт, н.ч", "float", "На сколько нормо-часов баланс может уйти ниже нуля.")

  activities = {top_up: "Пополнение", capture: "Списание", reversal: "Возврат"}.transform_values { |name| named(TimeEntryActivity, name) }
  given["categories"].each { |name| named(TimeEntryActivity, name) }

  open, working, waiting, done = ticket_states.values_at(:open, :in_progress, :suspended, :done)
  at_work = [open, working, waiting, ticket_states[:awaiting_acceptance]]
  allow(ticket, bridge, (at_work + [done]).index_with { |from| (at_work + [done]) - [from] })
  allow(ticket, customer, at_work.index_with { [ticket_states[:withdrawn]] })
  allow(ticket, specialist, at_work.index_with { |from| at_work - [from] })
  planned, begun, ready, accepted, rejected, written_off = stage_states.values
  movable = [planned, begun, ready, rejected]
  allow(stage, bridge, movable.index_with { |from| movable - [from, rejected] }.merge(accepted => [written_off], written_off => [accepted]))
  allow(stage, bridge, ready => [written_off])
  allow(stage, customer, ready => [accepted, rejected])
  allow(stage, specialist, movable.index_with { |from| movable - [from, rejected] })
  # What the bridge writes is nobody else's, of whatever role; Redmine closes a field only to who has no role in
  # which it is open.
  others = Role.all.select(&:consider_workflow?) - [bridge]
  others.each { |role| rule("readonly", stage, role, stage_states.values, [held.id, taken.id]) }
  [customer, specialist].each do |role|
    rule("readonly", ticket, role, ticket_states.values, [key.id])
    rule("readonly", stage, role, stage_states.values, [key.id])
  end
  # From the moment when work begins, nothing is undone by the way that was agreed and accepted. A new ticket is
  # open to its customer; where more has to be agreed, a specialist sets the ticket back to that.
  place = %w[project_id tracker_id category_id parent_issue_id]
  rule("readonly", ticket, customer, ticket_states.values - [open], [agreed.id, *place])
  rule("readonly", ticket, specialist, [done, ticket_states[:withdrawn]], [agreed.id, *place])
  rule("readonly", stage, customer, stage_states.values, [
    coefficient.id, *place, *%w[subject description estimated_hours assigned_to_id priority_id]
  ])
  # More may have to be agreed for a stage that is accepted already, but not for one that is written off.
  rule("readonly", stage, specialist, [accepted, written_off], place)
  rule("readonly", stage, specialist, [written_off], [coefficient.id, "estimated_hours"])
  rule("required", stage, customer, [accepted], [consent.id])
  others.each do |role|
    rule("readonly", stage, role, role == customer ? stage_states.values - [accepted] : stage_states.values, [consent.id])
  end
  if (customer.permissions & %i[delete_issues log_time manage_subtasks edit_time_entries]).any?
    warn "the role #{customer.name} may delete issues, move subtasks or write time: take that from it," \
         " or customers change what is to be paid"
  end
  # Of a role that was there already nothing is taken: let its own tracker of stages be closed to customers by hand.
  if customer.previously_new_record? || customer.members.none?
    customer.set_permission_trackers(:add_issues, [ticket.id])
    customer.save!
  end

  named(
    IssueQuery, "Этапы: оценка и списано", visibility: Query::VISIBILITY_PUBLIC, user: User.current,
    filters: {
      "tracker_id" => {operator: "=", values: [stage.id.to_s]}, "status_id" => {operator: "*", values: [""]}
    },
    column_names: [
      :id, :parent, :subject, :status, :estimated_hours, *[coefficient, held, taken].map { |one| :"cf_#{one.id}" }
    ],
    totalable_names: [:estimated_hours, *[held, taken].map { |one| :"cf_#{one.id}" }]
  )

  given["projects"].each do |identifier|
    project = Project.find_by(identifier: identifier) or abort "there is no project #{identifier}; nothing was changed"
    project.enable_module!(:issue_tracking)
    project.enable_module!(:time_tracking)
    project.trackers |= trackers
    named(project.issue_categories, given["category"]) unless project.issue_categories.exists?(name: given["category"])
    user = User.find_by(login: given["bridge_user"])
    unless user
      user = User.new(firstname: "Мост", lastname: "нормо-часов", mail: "#{given["bridge_user"]}@example.invalid", mail_notification: "none")
      user.login = given["bridge_user"]
      user.random_password
      user.save!
      warn "made: User #{user.login}"
    end
    member = Member.find_by(project_id: project.id, user_id: user.id) || Member.new(project: project, principal: user)
    member.roles |= [bridge]
    member.save!
    warn "OTBRIDGE_PORTAL_TOKEN=#{user.api_key}" if identifier == given["projects"].last
  end

  ids = ->(states) { states.map { |name, one| "#{name} = #{one.id}" }.join(", ") }
  puts <<~TOML
    [portal.redmine]
    trackers = { ticket = #{ticket.id}, stage = #{stage.id} }
    ticket_states = { #{ids[ticket_states]} }
    stage_states = { #{ids[stage_states]} }
    activities = { #{ids[activities]} }
    issue_fields = { key = #{key.id}, agreed = #{agreed.id}, coefficient = #{coefficient.id}, held = #{held.id}, taken = #{taken.id} }
    entry_fields = { hours = #{hours.id}, key = #{entry_key.id}, details = #{details.id} }
    project_fields = { hour_price = #{price.id}, overdraft = #{overdraft.id} }
  TOML
end
