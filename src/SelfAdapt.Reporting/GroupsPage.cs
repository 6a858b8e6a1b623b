using System.Text;
using SelfAdapt.Files;

namespace SelfAdapt.Reporting;

/// <summary>A group of images with a run of its own.</summary>
/// <param name="Folder">The run's folder, beside the page.</param>
/// <param name="Look">What its images look like, in words.</param>
/// <param name="Images">Their names.</param>
/// <param name="Outcome">What came of it; null: it is not done.</param>
internal sealed record GroupEntry(string Folder, string Look, IReadOnlyList<string> Images, string? Outcome);

/// <summary>The page that leads to the reports of all groups of images.</summary>
internal static class GroupsPage
{
    public static void Write(string path, IReadOnlyList<GroupEntry> groups) =>
        OutputFile.WriteDurably(path, Encoding.UTF8.GetBytes(ToHtml(groups)));

    internal static string ToHtml(IReadOnlyList<GroupEntry> groups)
    {
        StringBuilder html = new StringBuilder(Markup.Head("Adaptation reports")).Append($"""
            <section><p>The images fell into {groups.Count} kinds, and each kind was given a model of its own. Use a
            group's model for images that look like its own.</p></section>

            """);
        foreach (GroupEntry group in groups)
        {
            string folder = Markup.Escape(group.Folder);
            string title = group.Outcome is null ? folder : $"<a href=\"{folder}/report.html\">{folder}</a>";
            html.Append($"<section><h2>{title}</h2><p>{group.Images.Count} image{(group.Images.Count == 1 ? "" : "s")} ")
                .Append($"{Markup.Escape(group.Look)}: {Markup.Escape(group.Outcome ?? "not done yet")}.</p><p><small>")
                .AppendJoin(", ", group.Images.Select(i => $"<bdi>{Markup.Escape(i)}</bdi>")).Append("</small></p></section>\n");
        }

        return html.Append(Markup.End).ToString();
    }
}
