# Made by mcpmon; a change here is undone by the next `mcpmon up`.
# Names the container's service, and does to its lines what the manifest says.
require "fluent/plugin/filter"

module Fluent::Plugin
  class McpmonFilter < Filter
    Fluent::Plugin.register_filter("mcpmon", self)

    desc "Where the stages are defined"
    config_param :library, :string
    desc "What is done to whose lines"
    config_param :model, :string

    def configure(conf)
      super
      require @library
      model = JSON.parse(File.read(@model))
      @stack = model["stack"]
      @containers = model["containers"].to_h do |known|
        [known["container"], known.slice("service", "group")]
      end
      @pipelines = model["pipelines"].transform_values { |list| McpmonPipeline.new(list) }
    end

    # A line that no rule could be applied to is not sent: it might hold a secret.
    def filter_with_time(_tag, time, record)
      named = described(record)
      outside = @containers[named["container"]]
      named = named.merge(outside) if outside
      after = @pipelines[outside ? "services" : "stack"].apply(named)
      return nil if after.nil?
      moment = after.delete("@time")
      time = Fluent::EventTime.from_time(moment) if moment
      # Logstash reads the time of an event from this field.
      [time, after.merge("@timestamp" => Time.at(time.to_r).utc.iso8601(9))]
    rescue => error
      log.error("a line was left out", error: error.class)
      nil
    end

    private

    def described(record)
      {
        "message" => record["log"].to_s.chomp,
        "stream" => record["source"],
        "container" => record["container_name"].to_s.delete_prefix("/"),
        "stack" => @stack,
        "service" => record["dev.mcpmon.service"],
        "group" => record["dev.mcpmon.group"],
        "component" => record["dev.mcpmon.component"],
      }.compact
    end
  end
end
