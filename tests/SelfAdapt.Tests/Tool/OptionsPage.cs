using System.CommandLine;
using System.Text;
using SelfAdapt.Tool.CommandLine;

namespace SelfAdapt.Tests.Tool;

/// <summary>docs/options.md, made from the command line itself.</summary>
internal static class OptionsPage
{
    public const string Rewrite = "SELFADAPT_REWRITE_DOCS";

    public static string Of(RootCommand root)
    {
        StringBuilder page = new(
            $"""
            # Options

            Made from the attributes on the options' properties; `{Rewrite}=1 dotnet test --filter OptionsPage` writes it
            anew. `VERB --help` shows the options of the first table, `VERB --help all` every one. Names may be written with
            underscores, as Cellpose has them. A number has a point before its decimals, in every language.


            """);
        foreach (Command verb in root.Subcommands)
        {
            page.Append($"## {verb.Name}\n\n{verb.Description}.\n\n");
            foreach ((string heading, IReadOnlyList<SettingOption> options) in HelpPage.Groups(verb))
            {
                page.Append($"| {heading} | value | default | range | meaning |\n|---|---|---|---|---|\n");
                foreach (SettingOption option in options)
                {
                    page.Append(Row(option));
                }

                page.Append('\n');
            }
        }

        return page.ToString().ReplaceLineEndings("\n").TrimEnd() + "\n";
    }

    private static string Row(SettingOption option)
    {
        string names = string.Join(", ", option.Aliases.Prepend(option.Name).Select(n => $"`{n}`"));
        string value = option.HelpName?.Replace("|", ", ", StringComparison.Ordinal) ?? "";
        string standard = option.Required ? "required" : option.Setting.Default ?? option.StandardWord ?? "";
        return $"| {names} | {value} | {standard} | {option.Setting.Range} | {option.Description} |\n";
    }
}
