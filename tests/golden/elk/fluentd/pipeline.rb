# Made by mcpmon; a change here is undone by the next `mcpmon up`.
#
# What the manifest's `logs:` says is done to a line, from pipeline.json: Fluentd runs it as a filter
# plug-in, Logstash as a ruby filter. It knows nothing of either.
require "json"
require "time"

class McpmonPipeline
  # As many levels of a record as are looked at.
  DEPTH = 20

  def self.load(path)
    new(JSON.parse(File.read(path)))
  end

  def initialize(pipelines)
    @pipelines = pipelines.map do |pipeline|
      {services: pipeline["services"], stages: pipeline["stages"].map { |stage| prepared(stage) }}
    end
  end

  # The record after all stages, or nil where the line is dropped. `message` is the line; `service`
  # decides which pipeline takes it.
  def apply(record)
    pipeline = @pipelines.find { |p| p[:services].nil? || p[:services].include?(record["service"]) }
    return record if pipeline.nil?
    found = {}
    pipeline[:stages].each do |stage|
      record, found = send(:"do_#{stage["stage"]}", stage, record, found)
      return nil if record.nil?
    end
    record
  end

  private

  # RE2 writes named groups with a P, and takes `^` and `$` for the ends of the whole text.
  def prepared(stage)
    return stage unless stage["expression"]
    stage.merge("regexp" => Regexp.new(McpmonPipeline.translated(stage["expression"])))
  end

  def self.translated(expression)
    out = +""
    in_class = false
    by_line = expression.match?(/\(\?[a-z]*m[a-z]*[-:)]/)
    i = 0
    while i < expression.length
      c = expression[i]
      case c
      when "\\"
        out << expression[i, 2]
        i += 2
        next
      when "["
        if in_class
          name = expression[i..][/\A\[:\^?\w+:\]/]
          out << (name || "\\[")
          i += name.length - 1 if name
        else
          in_class = true
          # A bracket that comes first stands for itself.
          first = expression[i..][/\A\[\^?\]?/]
          out << first.sub(/\]\z/, "\\\\]")
          i += first.length - 1
        end
      when "]"
        in_class = false
        out << c
      when "^" then out << (in_class ? "\\^" : (by_line ? "^" : "\\A"))
      when "$" then out << (in_class || by_line ? c : "\\z")
      when "&" then out << (in_class ? "\\&" : c)
      when "("
        if !in_class && expression[i, 3] == "(?P"
          out << "(?"
          i += 2
        elsif !in_class && (flags = expression[i..][/\A\(\?[a-z-]+[:)]/])
          # What RE2 calls s is m there; by line is what Ruby always is.
          out << flags.delete("m").tr("s", "m").sub("(?)", "").sub("(?-)", "")
          i += flags.length - 1
        else
          out << c
        end
      else out << c
      end
      i += 1
    end
    out
  end

  def line(record)
    record["message"].is_a?(String) ? record["message"] : ""
  end

  # Lines arrive one by one here: joining them is the sender's part.
  def do_multiline(_stage, record, found)
    [record, found]
  end

  def do_json(stage, record, found)
    parsed = JSON.parse(line(record))
    return [record, found] unless parsed.is_a?(Hash)
    picked = stage["fields"].each_with_object({}) do |(name, path), all|
      value = parsed.key?(path) ? parsed[path] : dig(parsed, path.split("."))
      all[name] = value unless value.nil?
    end
    [record, found.merge(picked)]
  rescue JSON::ParserError
    [record, found]
  end

  def dig(value, path)
    path.reduce(value) { |at, key| at.is_a?(Hash) ? at[key] : nil }
  end

  def do_logfmt(stage, record, found)
    pairs = line(record).scan(/([^\s="]+)=(?:"((?:\\.|[^"\\])*)"|(\S*))/)
    words = pairs.to_h { |key, quoted, plain| [key, quoted ? quoted.gsub(/\\(.)/, '\1') : plain] }
    picked = stage["fields"].each_with_object({}) { |(name, key), all| all[name] = words[key] if words[key] }
    [record, found.merge(picked)]
  end

  def do_regex(stage, record, found)
    match = stage["regexp"].match(line(record))
    [record, match ? found.merge(match.named_captures.compact) : found]
  end

  def do_timestamp(stage, record, found)
    moment = McpmonPipeline.moment(found[stage["field"]], stage["format"])
    [moment ? record.merge("@time" => moment) : record, found]
  end

  # Without a zone a time is UTC; one that cannot be read leaves the time of reading.
  def self.moment(value, format)
    case format
    when "unix" then Time.at(Float(value)).utc
    when "unix_ms" then Time.at(0, Float(value), :millisecond).utc
    when "unix_us" then Time.at(0, Float(value), :microsecond).utc
    when "unix_ns" then Time.at(0, Integer(value.to_s, 10), :nsec).utc
    when "rfc3339" then with_zone(value.to_s) { |text| Time.iso8601(text.sub(" ", "T").sub(",", ".")).utc }
    else
      text = value.to_s
      zoned = format =~ /%z|%Z|%:z|%s/ ? [text, format] : ["#{text} +0000", "#{format} %z"]
      Time.strptime(*zoned).utc
    end
  rescue ArgumentError, TypeError
    nil
  end

  def self.with_zone(text)
    yield(text =~ /(?:[zZ]|[+-]\d\d:?\d\d)\z/ ? text : "#{text}Z")
  end

  def do_labels(stage, record, found)
    labels = stage["labels"].each_with_object({}) do |(label, name), all|
      all[label] = found[name].to_s unless found[name].nil? || found[name].is_a?(Hash)
    end
    [record.merge(labels), found]
  end

  def do_drop(stage, record, found)
    [stage["regexp"].match?(line(record)) ? nil : record, found]
  end

  # Named fields, or else every value of the record, wherever it stands: a secret is not only found in
  # the line.
  def do_redact(stage, record, found)
    return [covered(record, stage, 0), found] if stage["fields"].to_a.empty?
    named = found.slice(*stage["fields"]).transform_values { |value| covered(value.to_s, stage, 0) }
    [record, found.merge(named)]
  end

  def covered(value, stage, depth)
    return value if depth > DEPTH
    case value
    when String
      hints = stage["hints"].to_a
      hit = hints.empty? || hints.any? { |hint| value.include?(hint) }
      hit ? McpmonPipeline.covered_text(value, stage["regexp"], stage["replacement"]) : value
    when Hash then value.transform_values { |inner| covered(inner, stage, depth + 1) }
    when Array then value.map { |inner| covered(inner, stage, depth + 1) }
    else value
    end
  end

  # Only what a group matched is replaced; what stands around it stays.
  def self.covered_text(text, regexp, replacement)
    text = text.scrub("\uFFFD") unless text.valid_encoding?
    out = +""
    done = 0
    at = 0
    while at <= text.length && (match = regexp.match(text, at))
      (1...match.length).each do |group|
        from, to = match.begin(group), match.end(group)
        next if from.nil? || from < done
        out << text[done...from] << replacement
        done = to
      end
      # An empty match would be found for ever.
      at = match.end(0) > match.begin(0) ? match.end(0) : match.end(0) + 1
    end
    out << (text[done..] || "")
  end
end
