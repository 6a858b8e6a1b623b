using System.CommandLine;
using System.CommandLine.Invocation;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>--help shows a verb's few options that most people use, --help all shows every one, in groups.</summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    private const string All = "all";
    private const int Column = 34;
    private const int FewEnough = 12;

    private readonly Option<string?> _option;

    private HelpPage(Option<string?> option) => _option = option;

    public override bool ClearsParseErrors => true;

    /// <summary>Puts the option into the place of the parser's own.</summary>
    public static void Attach(RootCommand root)
    {
        Option<string?> option = new("--help", "-h", "-?")
        {
            Arity = ArgumentArity.ZeroOrOne,
            HelpName = All,
            Description = "Show the usual options; --help all: every option",
            Recursive = true,
        };
        option.CompletionSources.Add(All);
        option.Action = new HelpPage(option);
        root.Options.Remove(root.Options.Single(o => o.Name == option.Name));
        root.Add(option);
    }

    /// <summary>A verb's options, those that most people use first, under their headings.</summary>
    public static IEnumerable<(string Heading, IReadOnlyList<SettingOption> Options)> Groups(Command command) =>
        command.Options.OfType<SettingOption>()
            .GroupBy(o => IsBasic(o) || o.Setting.Group.Length == 0 ? "options" : o.Setting.Group)
            .OrderByDescending(g => g.Key == "options")
            .Select(g => (g.Key, (IReadOnlyList<SettingOption>)[.. g.OrderByDescending(IsBasic)]));

    public override int Invoke(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        TextWriter to = parsed.InvocationConfiguration.Output;
        int width = Console.IsOutputRedirected ? 120 : Math.Max(80, Console.WindowWidth - 1);
        void Row(string left, string text) => to.WriteLine(Wrap(left, text, width));

        List<SettingOption> own = [.. command.Options.OfType<SettingOption>()];
        bool all = own.Count <= FewEnough || parsed.GetValue(_option) == All;
        to.WriteLine(command.Description);
        to.WriteLine();
        to.WriteLine($"Usage: {Usage(command)}");
        foreach (Argument argument in command.Arguments)
        {
            Row($"  {argument.Name}", argument.Description ?? "");
        }

        if (command.Subcommands.Count > 0)
        {
            to.WriteLine("\nVerbs:");
        }

        foreach (Command verb in command.Subcommands)
        {
            Row($"  {verb.Name}", verb.Description ?? "");
        }

        if (command is RootCommand)
        {
            to.WriteLine("\nOptions:");
        }

        foreach (Option option in command.Options.Where(o => o is not SettingOption))
        {
            Row($"  {option.Name}", option.Description ?? "");
        }

        int left = 0;
        foreach ((string heading, IReadOnlyList<SettingOption> options) in Groups(command))
        {
            SettingOption[] shown = [.. options.Where(o => all || IsBasic(o))];
            left += options.Count - shown.Length;
            if (shown.Length > 0)
            {
                to.WriteLine($"\n{char.ToUpperInvariant(heading[0])}{heading[1..]}:");
            }

            foreach (SettingOption option in shown)
            {
                Row($"  {Left(option)}", Text(option));
            }
        }

        to.WriteLine();
        if (left > 0)
        {
            to.WriteLine($"'{command.Name} --help {All}' shows {left} more options.");
        }

        return (int)ExitCode.Ok;
    }

    private static bool IsBasic(SettingOption option) => option.Required || option.Setting.Basic;

    private static string Usage(Command command) => command is RootCommand
        ? $"{RootCommand.ExecutableName} VERB [options]"
        : string.Join(
            ' ', [RootCommand.ExecutableName, command.Name, .. command.Arguments.Select(a => a.Name), "[options]"]);

    private static string Left(SettingOption option) =>
        option.HelpName is null ? option.Name : $"{option.Name} <{option.HelpName}>";

    private static string Text(SettingOption option)
    {
        string standard = (option.Setting.Default ?? option.StandardWord) is { } word ? $" [default: {word}]" : "";
        return option.Description + (option.Required ? " (required)" : standard)
            + (option.Aliases.Count > 0 ? $" [also {string.Join(", ", option.Aliases)}]" : "");
    }

    private static string Wrap(string left, string text, int width)
    {
        List<string> lines = [left.Length < Column - 1 ? left.PadRight(Column) : left];
        if (left.Length >= Column - 1)
        {
            lines.Add(new string(' ', Column));
        }

        foreach (string word in text.Split(' '))
        {
            if (lines[^1].Length + word.Length > width && lines[^1].Length > Column)
            {
                lines[^1] = lines[^1].TrimEnd();
                lines.Add(new string(' ', Column));
            }

            lines[^1] += word + " ";
        }

        return string.Join(Environment.NewLine, lines).TrimEnd();
    }
}
