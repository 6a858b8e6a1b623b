using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Studio;

/// <summary>What the page asks of an open project.</summary>
/// <param name="runtimeMissing">Why the page can't run a model itself; null if it can.</param>
internal sealed class StudioApi(string? runtimeMissing)
{
    private const string Binary = "application/octet-stream";

    // Images that a size is looked for in, beside the one in view: an answer within seconds, and no chance hit of one image.
    private const int OthersForSize = 2;

    // Options of adapt that the page offers; others are for the command line.
    private static readonly HashSet<string> Offered =
    [
        "--iterations", "--minutes", "--batch-size", "--crop", "--learning-rate", "--views", "--patience", "--stop",
        "--layers", "--seed",
    ];

    private readonly StudioEvents _events = new();

    /// <summary>A small picture, with what it is of in a header.</summary>
    public static LocalResponse Thumbnail(ImageThumbnail small) => new LocalResponse(200, "image/png", small.Png) with
    {
        More = [small.Format.Header],
    };

    /// <summary>A text in a JSON object; null where there is none.</summary>
    public static string? TextOf(byte[] body, string name) => JsonFile.Text(Parse(body)?[name]);

    public async Task<LocalResponse> AnswerAsync(
        StudioSession session, LocalRequest request, StudioQuery query, CancellationToken aborted)
    {
        bool asks = request.Method is "GET" or "HEAD";
        LocalResponse? answer = query.Parts[1..] switch
        {
            ["events"] => asks ? _events.Stream(session) : null,
            ["state"] => asks ? Json(session.Describe()) : null,
            ["images"] => asks ? Json(session.DescribeImages()) : null,
            ["images", string number, .. string[] what] =>
                StudioQuery.Number(number, out int index) && index < session.Images.Files.Count
                    ? await OfImageAsync(session, request, index, what, query, aborted).ConfigureAwait(false)
                    : StudioSite.Missing,
            ["jobs"] => asks ? null : Start(session, Parse(request.Body)),
            ["jobs", string name, string what] => session.Project.State.Jobs.FirstOrDefault(j => j.Name == name) is { } job
                ? asks ? OfJob(session, job, what, query) : Act(session, job, what)
                : StudioSite.Missing,
            ["strokes"] => asks ? null : StrokeApi.SetUp(session, Parse(request.Body)),
            ["setup"] => asks ? null : SetUp(session, Parse(request.Body)),
            ["diameter"] => asks ? null : await SizeAsync(session, Parse(request.Body), aborted).ConfigureAwait(false),
            ["accept"] => asks ? null : await AcceptAsync(session, Parse(request.Body)).ConfigureAwait(false),
            ["export"] => asks ? null : await ExportAsync(session, Parse(request.Body)).ConfigureAwait(false),
            ["exports", string number] => !asks ? null
                : StudioQuery.Number(number, out int at) && at < session.Models.Exports.Count
                    ? Download(session.Models.Exports[at]) : StudioSite.Missing,
            ["model"] => asks ? new LocalResponse(200, Binary, LiveModel.Read(session.Models.InUse)) : null,
            ["live"] => asks ? Json(LiveModel.Describe(session, runtimeMissing)) : null,
            ["show"] => asks ? null : Show(session),
            _ => StudioSite.Missing,
        };
        return answer ?? StudioSite.NotAllowed(asks ? "POST" : "GET, HEAD");
    }

    private static async Task<LocalResponse?> OfImageAsync(
        StudioSession session, LocalRequest request, int index, string[] what, StudioQuery query, CancellationToken aborted)
    {
        bool asks = request.Method is "GET" or "HEAD";
        if (!asks && what is not ["strokes"])
        {
            return null;
        }

        if (what is ["thumb"])
        {
            return Thumbnail(session.Images.Thumbnail(index));
        }

        int at = query.Number("plane") ?? 0;
        if (session.Plane(index, at) is not { } plane)
        {
            return StudioSite.Missing;
        }

        if (what is ["strokes" or "map" or "objects"])
        {
            return await StrokeApi.OfImageAsync(session, request, (index, at, plane), what[0], query, aborted).ConfigureAwait(false);
        }

        if (what is ["pixels"])
        {
            return new LocalResponse(200, Binary, PixelPacking.Pack(plane.Image)) with
            {
                More = [ImageFormat.Of(session.Images.Read(index)).Header],
            };
        }

        string? name = query.Text("job");
        StudioJob? job = session.Project.State.Jobs.FirstOrDefault(j => j.Name == name);
        return what is not ["masks"] || (name is not null && job is null)
            ? StudioSite.Missing
            : new LocalResponse(200, Binary, PixelPacking.Pack(
                await session.MasksAsync(index, at, job, query.Number("step"), aborted).ConfigureAwait(false)));
    }

    private static LocalResponse Start(StudioSession session, JsonObject? asked)
    {
        string? word = JsonFile.Text(asked?["kind"]);
        if (!Enum.GetValues<JobKind>().Any(k => JobStatus.Word(k) == word))
        {
            return LocalResponse.Text(400, "There is no such job.");
        }

        JobKind kind = Enum.Parse<JobKind>(word!, ignoreCase: true);
        List<string> more = kind switch
        {
            JobKind.Adapt => Options(asked!["options"] as JsonObject),
            JobKind.Segment => [.. ((asked!["formats"] as JsonArray) ?? []).SelectMany(
                f => new[] { "--format", Word(JsonFile.Text(f)) })],
            JobKind.Strokes => [],
            JobKind.Train => StrokeResults.Training(session.Project, JsonFile.Text(asked!["labels"])),
            _ => ["--models", session.Models.FileOf(null), .. session.Models.Offered],
        };
        return Json(new JsonObject { ["name"] = session.Jobs.Start(kind, more) });
    }

    private static List<string> Options(JsonObject? options)
    {
        List<string> words = [];
        foreach ((string name, JsonNode? value) in options ?? [])
        {
            if (!Offered.Contains(name))
            {
                throw new SelfAdaptException(ErrorKind.InvalidOption, "The page offers no such option.");
            }

            words.AddRange([name, Word(JsonFile.Text(value))]);
        }

        return words;
    }

    /// <summary>A value for the command line: letters, digits and what numbers have, so that it can't be another option.</summary>
    private static string Word(string? text) =>
        text is { Length: > 0 and < 32 } && !text.StartsWith('-') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-')
            ? text
            : throw new SelfAdaptException(ErrorKind.InvalidOption, $"'{text}' is no value of an option.");

    private static LocalResponse OfJob(StudioSession session, StudioJob job, string what, StudioQuery query)
    {
        string folder = session.Project.JobFolder(job.Name);
        return what switch
        {
            "log" => Part(RunFolder.Log(folder), query.Number("from") ?? 0),
            "report" when File.Exists(RunFolder.Report(folder)) =>
                new LocalResponse(200, PageFiles.TypeOf(".html"), File.ReadAllBytes(RunFolder.Report(folder))) with { IsReport = true },
            "summary" when File.Exists(RunFolder.Summary(folder)) =>
                new LocalResponse(200, "application/json", File.ReadAllBytes(RunFolder.Summary(folder))),
            "result" when File.Exists(session.Project.JobResult(job.Name)) =>
                new LocalResponse(200, "application/json", File.ReadAllBytes(session.Project.JobResult(job.Name))),
            "files.zip" when job.Kind is JobKind.Segment or JobKind.Strokes && Directory.Exists(folder) => ResultArchive.Of(folder, job.Name),
            _ => StudioSite.Missing,
        };
    }

    private static LocalResponse Act(StudioSession session, StudioJob job, string what)
    {
        switch (what)
        {
            case "pause" or "keep":
                session.Jobs.Stop(job, what == "pause");
                break;
            case "resume":
                session.Jobs.Resume(job);
                break;
            case "clear" when job.Kind == JobKind.Adapt:
                session.Jobs.ClearSnapshots(job);
                break;
            case "discard":
                session.Jobs.Discard(job);
                break;
            default:
                return StudioSite.Missing;
        }

        return Json([]);
    }

    private static LocalResponse SetUp(StudioSession session, JsonObject? asked)
    {
        StudioSetup? setup;
        try
        {
            setup = asked.Deserialize<StudioSetup>(JsonStyle.Line);
        }
        catch (JsonException e)
        {
            return LocalResponse.Text(400, e.Message);
        }

        if (setup is null)
        {
            return LocalResponse.Text(400, "Nothing to set up.");
        }

        JsonObject model = session.DescribeModel(setup.Model);
        StudioSegmenter.Check(setup);
        session.Project.Update(s => s with { Setup = setup });
        return Json(model);
    }

    private static async Task<LocalResponse> SizeAsync(StudioSession session, JsonObject? asked, CancellationToken aborted)
    {
        if (NumberOf(asked?["image"]) is not { } index || index >= session.Images.Files.Count
            || session.Plane(index, NumberOf(asked!["plane"]) ?? 0) is not { } image)
        {
            return StudioSite.Missing;
        }

        StudioSetup setup = session.Project.State.Setup;
        NamedImage[] images =
        [
            image,
            .. SizeFinder.Some([.. Enumerable.Range(0, session.Images.Files.Count).Where(i => i != index)], OthersForSize)
                .Select(session.TryPlane).OfType<NamedImage>().Where(i => i.Image.Channels == image.Image.Channels),
        ];
        ObjectSize? size = await session.Segmenter.SizeAsync(
            images, session.Models.FileOf(setup.Model), setup, session.Threads, aborted).ConfigureAwait(false);
        return Json(new JsonObject
        {
            ["diameter"] = size is null ? null : Math.Round(size.Diameter, 1),
            ["doubt"] = size?.Doubt,
        });
    }

    private static async Task<LocalResponse> AcceptAsync(StudioSession session, JsonObject? asked)
    {
        string? name = JsonFile.Text(asked?["job"]);
        if (session.Project.State.Jobs.FirstOrDefault(j => j.Name == name) is not { } job)
        {
            return StudioSite.Missing;
        }

        int? step = NumberOf(asked!["step"]);
        if (job.Kind is not (JobKind.Adapt or JobKind.Train))
        {
            return LocalResponse.Text(400, "That run made no model.");
        }

        if (step > 0 && !session.Models.StepsOf(job).Contains(step.Value))
        {
            return LocalResponse.Text(400, "That step was not kept.");
        }

        await session.Models.AcceptAsync(job, step).ConfigureAwait(false);
        return Json([]);
    }

    private static async Task<LocalResponse> ExportAsync(StudioSession session, JsonObject? asked)
    {
        string file = await session.Models.ExportAcceptedAsync(
            JsonFile.Text(asked?["format"]) ?? "", session.Images.Files[0]).ConfigureAwait(false);
        return Json(new JsonObject { ["file"] = Path.GetFileName(file) });
    }

    private static LocalResponse Show(StudioSession session) => Desktop.TryOpen(session.Project.Folder)
        ? Json([])
        : LocalResponse.Text(422, $"No window could be opened. The folder is {session.Project.Folder}");

    private static LocalResponse Download(string file) => new LocalResponse(200, Binary, File.ReadAllBytes(file)) with
    {
        More = [("Content-Disposition", $"attachment; filename=\"{Ascii(Path.GetFileName(file))}\"")],
    };

    private static string Ascii(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));

    /// <summary>A file that grows, from a place on; nothing where it is shorter than that.</summary>
    private static LocalResponse Part(string file, int from)
    {
        if (!File.Exists(file))
        {
            return new LocalResponse(200, Binary, []);
        }

        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] part = new byte[Math.Max(0, stream.Length - from)];
        stream.Position = Math.Min(from, stream.Length);
        int read = stream.ReadAtLeast(part, part.Length, throwOnEndOfStream: false);
        return new LocalResponse(200, Binary, part[..read]);
    }

    private static int? NumberOf(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out int number) && number >= 0 ? number : null;

    private static LocalResponse Json(JsonObject content) =>
        new(200, "application/json", Encoding.UTF8.GetBytes(content.ToJsonString(JsonStyle.Line)));

    private static JsonObject? Parse(byte[] body)
    {
        try
        {
            return body.Length == 0 ? null : JsonFile.ParseObject(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
