using System.Text.Json.Nodes;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Results;

/// <summary>What inspect says of a BioImage.IO package.</summary>
internal static class PackageReport
{
    /// <summary>Checks a package and prints what is wrong with it.</summary>
    /// <param name="json">The file for the result; null for none.</param>
    /// <returns>Ok where nothing is an error, else ModelMalformed.</returns>
    /// <exception cref="SelfAdaptException">The file can't be read, or the result not written.</exception>
    public static int Run(Terminal terminal, string path, string? json)
    {
        IReadOnlyList<PackageFinding> findings = PackageCheck.Check(path);
        int errors = findings.Count(f => f.IsError);
        terminal.Out.WriteLine(path);
        terminal.Out.WriteLine($"  format     BioImage.IO model package, {errors} errors, {findings.Count - errors} hints");
        foreach (PackageFinding finding in findings)
        {
            terminal.Out.WriteLine($"  {(finding.IsError ? "error" : "hint"),-11}{finding.Place}: {finding.Message}");
        }

        ResultFile.Write(json, new JsonObject
        {
            ["model"] = path,
            ["format"] = "bioimageio",
            ["valid"] = errors == 0,
            ["findings"] = new JsonArray([.. findings.Select(f => (JsonNode)new JsonObject
            {
                ["error"] = f.IsError,
                ["place"] = f.Place,
                ["message"] = f.Message,
            })]),
        });
        return (int)(errors == 0 ? ExitCode.Ok : ExitCode.ModelMalformed);
    }
}
