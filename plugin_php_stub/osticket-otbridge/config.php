<?php
// What an administrator sets for the plugin.

require_once INCLUDE_DIR . 'class.plugin.php';

/**
 * The settings of the plugin's one instance.
 */
class OtbridgeConfig extends PluginConfig
{
    /** Path of the help topic under which paid tickets are, where nothing is set. */
    public const PAID = 'Выделенный специалист (н.часы)';

    /**
     * osTicket 1.17 takes a setting that is saved as off, or as empty, for one that was never saved, and puts the default in its place; 1.17.1 does not.
     */
    public function exists($key)
    {
        return isset($this->config[$key]) || parent::exists($key);
    }

    public function getOptions()
    {
        return [
            'paid_topic' => new TextboxField([
                'label' => \Otbridge\Words::tell('config_paid_topic'),
                'hint' => \Otbridge\Words::tell('config_paid_topic_hint'),
                'default' => self::PAID,
                'required' => true,
                'configuration' => ['size' => 60, 'length' => 200],
            ]),
            'installation_field' => new TextboxField([
                'label' => \Otbridge\Words::tell('config_installation_field'),
                'hint' => \Otbridge\Words::tell('config_installation_field_hint'),
                'default' => 'installation',
                'configuration' => ['size' => 30, 'length' => 60],
            ]),
            'language' => new ChoiceField([
                'label' => \Otbridge\Words::tell('config_language'),
                'default' => '',
                'choices' => ['' => \Otbridge\Words::tell('config_language_own'), 'ru' => 'Русский', 'en' => 'English'],
            ]),
            'mails' => new BooleanField([
                'id' => 'mails', // without one osTicket counts fields as it makes them, and the box is not found again when the instance is added
                'label' => \Otbridge\Words::tell('config_mails'),
                'default' => true,
                'configuration' => ['desc' => \Otbridge\Words::tell('config_mails_hint')],
            ]),
            'categories' => new TextareaField([
                'label' => \Otbridge\Words::tell('config_categories'),
                'hint' => \Otbridge\Words::tell('config_categories_hint'),
                'default' => "development\ncontent",
                'required' => true,
                'configuration' => ['rows' => 4, 'cols' => 40, 'html' => false],
            ]),
        ];
    }
}
