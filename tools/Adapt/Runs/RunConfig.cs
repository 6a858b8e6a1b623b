using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Runs;

/// <summary>
/// run.json: every option of a run with the value that was in force, so that <c>--config</c> repeats it exactly, also with
/// a later version whose defaults differ.
/// </summary>
internal static class RunConfig
{
    private const string OptionName = "--config";
    private const string ModelOption = "--model";

    // Where results go, and what may be written over, is decided anew by each run.
    private static readonly string[] NotKept = [OptionName, "--out", "--force", "--resume", "--json", "--help"];

    /// <summary>Writes a run's options.</summary>
    /// <param name="resolved">Values of options that need not be what the command line says.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be written.</exception>
    public static void Write(string path, ParseResult parsed, IReadOnlyDictionary<string, string> resolved)
    {
        JsonObject options = [];
        foreach (SettingOption option in Kept(parsed.CommandResult.Command))
        {
            if (ValueOf(parsed, option, resolved) is { } value)
            {
                options[option.Name] = value;
            }
        }

        JsonObject config = new()
        {
            ["verb"] = parsed.CommandResult.Command.Name,
            ["version"] = typeof(SelfAdaptException).Assembly.GetName().Version!.ToString(3),
            ["model_sha256"] = options[ModelOption] is { } model ? HashOf((string)model!) : null,
            ["options"] = options,
        };
        ResultFile.Write(path, config);
    }

    /// <summary>The command line with the options of its --config file, where it has one.</summary>
    /// <param name="args">The words after the program's name.</param>
    /// <param name="warnings">Receives what should be known.</param>
    /// <returns>The words, with those of the file behind them.</returns>
    /// <exception cref="SelfAdaptException">
    /// NoUsableInput: the file can't be read. Usage: it is for another verb, or holds an option that there is none of.
    /// </exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> args, ParseResult parsed, ICollection<string> warnings)
    {
        Command command = parsed.CommandResult.Command;
        if (command.Options.FirstOrDefault(o => o.Name == OptionName) is not { } own
            || parsed.GetResult(own) is not { Tokens: [{ Value: string file }] })
        {
            return args;
        }

        JsonObject config = Read(file);
        string? verb = (config["verb"] as JsonValue)?.ToString();
        if (verb != command.Name || config["options"] is not JsonObject options)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, file, $"is no run.json of {command.Name}: it must hold its verb and options.");
        }

        List<string> words = [.. args];
        foreach ((string name, JsonNode? value) in options)
        {
            SettingOption option = Kept(command).FirstOrDefault(o => o.Name == name)
                ?? throw new SelfAdaptException(
                    ErrorKind.InvalidOption, file,
                    $"there is no option '{name}'.{Spelling.Hint(name, Kept(command).Select(o => o.Name))}");
            if (option.Words(parsed) is null)
            {
                words.AddRange(WordsOf(file, option, value));
                if (name == ModelOption)
                {
                    CompareModel(file, config, value, warnings);
                }
            }
        }

        return words;
    }

    /// <summary>The options of the run in a folder.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: its run.json can't be read.</exception>
    public static JsonNode? OptionsIn(string folder) => Read(RunFolder.Config(folder))["options"];

    private static IEnumerable<SettingOption> Kept(Command command) =>
        command.Options.OfType<SettingOption>().Where(o => !NotKept.Contains(o.Name));

    private static IEnumerable<string> WordsOf(string file, SettingOption option, JsonNode? value)
    {
        switch (value?.GetValueKind())
        {
            case JsonValueKind.True:
                return [option.Name];
            case JsonValueKind.False:
                return [];
            case JsonValueKind.String or JsonValueKind.Number:
                string word = value.ToString();
                return option.Fault(word) is { } fault
                    ? throw new SelfAdaptException(ErrorKind.InvalidOption, file, $"{fault}")
                    : [option.Name, word];
            default:
                throw new SelfAdaptException(
                    ErrorKind.InvalidOption, file, $"the option '{option.Name}' must be a text, a number, true or false.");
        }
    }

    private static JsonNode? ValueOf(
        ParseResult parsed, SettingOption option, IReadOnlyDictionary<string, string> resolved) =>
        resolved.TryGetValue(option.Name, out string? value) ? option.IsSwitch ? bool.Parse(value) : value
        : option.Words(parsed) is not { } words ? option.StandardWord
        : option.IsSwitch ? JsonValue.Create(true)
        : option.Name == ModelOption ? Path.GetFullPath(CellposeModels.Find(words[0]))
        : option.Setting.Unit is "file" or "folder" or "path" ? Path.GetFullPath(words[0])
        : string.Join(',', words);

    private static void CompareModel(string file, JsonObject config, JsonNode? model, ICollection<string> warnings)
    {
        if (config["model_sha256"] is JsonValue hash && HashOf(model!.ToString()) is { } now && now != hash.ToString())
        {
            warnings.Add(
                $"{file}: {model} is not the file that the run began with, so this run will not be the same.");
        }
    }

    private static string? HashOf(string path)
    {
        try
        {
            return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            return null;
        }
    }

    private static JsonObject Read(string file)
    {
        try
        {
            return JsonFile.ParseObject(File.ReadAllBytes(file)) is { Count: > 0 } config
                ? config
                : throw new JsonException("it is no JSON object.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, file, $"can't be read: {e.Message}", e);
        }
    }
}
