using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Png;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>Something wrong with a package.</summary>
/// <param name="IsError">Whether the format forbids it; else it is only advised against.</param>
/// <param name="Place">Where, such as "outputs[0].axes".</param>
internal sealed record PackageFinding(bool IsError, string Place, string Message);

/// <summary>
/// Holds a package against the part of BioImage.IO's model format 0.5 that ONNX models of images use. It does not run
/// the model; <c>bioimageio test</c> does.
/// </summary>
internal sealed class PackageCheck(PackageArchive archive)
{
    private const int MostCoverBytes = 500 * 1024;

    private readonly FindingList _findings = new();

    public static bool IsPackage(string path) => PackageArchive.LooksLikeOne(path);

    public static IReadOnlyList<PackageFinding> Check(string path)
    {
        PackageCheck check = new(PackageArchive.Read(path));
        check.Run();
        return check._findings.All;
    }

    private void Run()
    {
        string? name = new[] { PackageFiles.Description, PackageFiles.OtherDescription }
            .FirstOrDefault(n => archive.Find(n) is not null);
        if (name is null)
        {
            _findings.Error(archive.Path, $"it holds no {PackageFiles.Description}");
            return;
        }

        JsonObject description;
        try
        {
            description = YamlReader.Read(Encoding.UTF8.GetString(archive.Find(name)!), name);
        }
        catch (SelfAdaptException e) when (e.Kind == ErrorKind.ModelMalformed)
        {
            _findings.Error(name, e.Message);
            return;
        }

        CheckGeneral(description);
        new PackageTensorCheck(archive, _findings).Run(description);
        CheckWeights(description);
        CheckCovers(description);
        CheckDocumentation(description);
        CheckChecksums(description);
    }

    private void CheckGeneral(JsonObject description)
    {
        string version = Node.Text(description, "format_version") ?? "";
        _findings.Require(
            version.StartsWith("0.5.", StringComparison.Ordinal), "format_version", $"'{version}' is no 0.5 version");
        _findings.Require(Node.Text(description, "type") == "model", "type", "it must be 'model'");
        _findings.Require(
            Node.Text(description, "name") is { } name && PackageRequest.IsName(name), "name",
            "it must have 5 to 128 letters, digits, blanks and _ + - ( )");
        string about = Node.Text(description, "description") ?? "";
        _findings.Require(
            about.Length <= PackageRequest.LongestDescription, "description",
            $"it is longer than {PackageRequest.LongestDescription} characters");
        _findings.Advise(about.Length > 0, "description", "there is none");
        _findings.Advise(Node.Text(description, "license") is not null, "license", "there is none: nobody may use it");
        _findings.Advise(Node.List(description, "tags").Count > 0, "tags", "there are none");
        JsonArray authors = Node.List(description, "authors");
        _findings.Advise(authors.Count > 0, "authors", "there are none");
        _findings.Require(
            authors.All(a => Node.Text(a, "name") is { Length: > 0 }), "authors", "each must have a name");
        JsonArray cite = Node.List(description, "cite");
        _findings.Advise(cite.Count > 0, "cite", "nothing is cited");
        _findings.Require(
            cite.All(c => Node.Text(c, "text") is not null
                && (Node.Text(c, "doi") ?? Node.Text(c, "url")) is not null),
            "cite", "each must have a text and a doi or url");
        string time = Node.Text(description, "timestamp") ?? "";
        _findings.Require(
            time.Length == 0 || DateTimeOffset.TryParse(
                time, System.Globalization.CultureInfo.InvariantCulture,
                System.Globalization.DateTimeStyles.RoundtripKind, out _),
            "timestamp", $"'{time}' is no time as ISO 8601 has it");
    }

    private void CheckWeights(JsonObject description)
    {
        if (description["weights"] is not JsonObject { Count: > 0 } weights)
        {
            _findings.Error("weights", "there must be at least one kind");
            return;
        }

        if (weights["onnx"] is not JsonObject onnx)
        {
            _findings.Advise(false, "weights", "there is no 'onnx' entry; other kinds aren't checked here");
            return;
        }

        _findings.Require(
            Node.Number(onnx, "opset_version") is >= 7, "weights.onnx.opset_version", "it must be 7 or more");
        byte[]? file = File(onnx, "weights.onnx");
        if (file is null)
        {
            return;
        }

        try
        {
            OnnxModel model = OnnxModel.Parse(file, "the weights");
            long? opset = model.Opsets.TryGetValue("", out long value) ? value : null;
            _findings.Require(
                opset == (long?)Node.Number(onnx, "opset_version"), "weights.onnx.opset_version",
                $"the file's is {opset}");
            _findings.Require(
                model.Graph.Inputs.Count == Node.List(description, "inputs").Count, "inputs",
                $"the file takes {model.Graph.Inputs.Count}");
        }
        catch (SelfAdaptException e)
        {
            _findings.Error("weights.onnx.source", e.Message);
        }
    }

    private void CheckCovers(JsonObject description)
    {
        JsonArray covers = Node.List(description, "covers");
        _findings.Advise(covers.Count > 0, "covers", "there is none");
        foreach (string? cover in covers.Select(Node.Text))
        {
            byte[]? content = cover is null ? null : archive.Find(cover);
            if (content is null)
            {
                _findings.Error("covers", $"'{cover}' is not in the package");
                continue;
            }

            _findings.Require(content.Length <= MostCoverBytes, "covers", $"'{cover}' is larger than 500 KB");
            if (content.AsSpan().StartsWith(PngReader.Signature))
            {
                CheckShape(cover!, content);
            }
        }
    }

    private void CheckShape(string cover, byte[] content)
    {
        try
        {
            Raster picture = PngReader.Decode(new FileBytes(cover, content), asLabels: false);
            _findings.Require(
                picture.Width == picture.Height || picture.Width == 2 * picture.Height, "covers",
                $"'{cover}' is {picture.Width}x{picture.Height}, neither 1:1 nor 2:1");
        }
        catch (SelfAdaptException e)
        {
            _findings.Error("covers", e.Message);
        }
    }

    private void CheckDocumentation(JsonObject description)
    {
        string? name = Node.Text(description, "documentation");
        _findings.Advise(name is not null, "documentation", "there is none");
        if (name is null)
        {
            return;
        }

        byte[]? content = archive.Find(name);
        if (content is null || !name.EndsWith(".md", StringComparison.OrdinalIgnoreCase))
        {
            _findings.Error("documentation", $"'{name}' must be a .md file in the package");
            return;
        }

        bool validation = Encoding.UTF8.GetString(content).Split('\n').Any(line =>
            line.StartsWith('#') && line.Contains("validation", StringComparison.OrdinalIgnoreCase));
        _findings.Advise(validation, "documentation", $"'{name}' has no heading with the word Validation");
    }

    private void CheckChecksums(JsonObject description)
    {
        JsonNode? config = description["config"];
        _findings.Require(config is null or JsonObject, "config", "must be a mapping");
        if (Node.Child(Node.Child(config, PackageFiles.OwnKey), PackageFiles.ChecksumsKey) is not JsonObject stated)
        {
            return;
        }

        foreach ((string name, JsonNode? checksum) in stated)
        {
            _findings.Require(
                archive.Find(name) is { } content && PackageFiles.Checksum(content) == Node.Text(checksum),
                $"config.{PackageFiles.OwnKey}", $"'{name}' is absent, or not the file that was packed");
        }
    }

    private byte[]? File(JsonObject entry, string place) => _findings.File(archive, entry, place);
}
