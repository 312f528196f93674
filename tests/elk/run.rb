# Runs the rendered Ruby as Fluentd and Logstash would, with doubles of the few things it needs of them:
# it cannot show that they load it, and shows what it does to lines.
require "json"

module Fluent
  class EventTime
    def self.from_time(time) = time
  end
  module Plugin
    def self.register_filter(*) = nil
    class Filter
      def self.desc(_text) = nil
      def self.config_param(name, _type) = nil
      def configure(conf)
        conf.each { |name, value| instance_variable_set(:"@#{name}", value) }
      end
      def log = self
      def error(text, **) = warn(text)
    end
  end
end
module LogStash
  class Timestamp
    attr_reader :time
    def initialize(time) = @time = time
  end
end
$LOADED_FEATURES << "fluent/plugin/filter.rb"
module Kernel
  alias_method :require_anything, :require
  def require(name) = name == "fluent/plugin/filter" || require_anything(name)
end

# What an event of Logstash does.
class Event
  attr_accessor :timestamp
  def initialize(fields) = @fields = fields
  def to_hash = @fields.dup
  def set(path, value) = @fields[path[/\A\[([^\]]+)\]\z/, 1]] = value
  def get(name) = @fields[name]
end

program, folder = ARGV
records = JSON.parse($stdin.read)
answers =
  if program == "fluentd"
    load "#{folder}/fluentd/plugins/filter_mcpmon.rb"
    filter = Fluent::Plugin::McpmonFilter.new
    filter.configure("library" => "#{folder}/fluentd/pipeline.rb", "model" => "#{folder}/fluentd/pipeline.json")
    records.map { |record| filter.filter_with_time("docker.x", Time.at(0), record)&.last }
  else
    load "#{folder}/logstash/filter.rb"
    register("library" => "#{folder}/logstash/pipeline.rb", "model" => "#{folder}/logstash/pipeline.json")
    records.map do |record|
      event = filter(Event.new(record)).first
      event && event.to_hash.merge(event.timestamp ? {"@timestamp" => event.timestamp.time.iso8601(9)} : {})
    end
  end
puts JSON.generate(answers)
