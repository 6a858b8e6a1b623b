using System.Globalization;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Studio;

/// <summary>The studio's addresses: the page, and behind /api/ what it asks for.</summary>
internal sealed class StudioSite : ILocalSite, IDisposable
{
    private const long MostWords = 64 << 10;

    private readonly Dictionary<string, Func<LocalResponse>> _files = new(StringComparer.Ordinal);
    private readonly StudioApi _api;
    private readonly string? _project;
    private StudioSession? _session;

    /// <summary>Lists the addresses.</summary>
    /// <param name="project">The project's folder, for whichever images are opened; null: within theirs.</param>
    /// <param name="runtimeFolder">Where onnxruntime-web lies; null where it is missing.</param>
    public StudioSite(string? project, string? runtimeFolder)
    {
        _project = project;
        _api = new StudioApi(runtimeFolder is null ? WebRuntime.Missing : null);
        PageFiles.AddTo(_files);
        PageFiles.AddRuntime(_files, runtimeFolder);
    }

    /// <summary>Opens a folder of images in place of the one before.</summary>
    /// <exception cref="SelfAdaptException">As <see cref="StudioSession.Open"/>.</exception>
    public void Open(string images)
    {
        // The same folder anew: its project is this studio's already.
        if (_session is { } before && Path.TrimEndingDirectorySeparator(Path.GetFullPath(images)) == before.Project.State.Images)
        {
            _session = null;
            before.Dispose();
        }

        StudioSession next = StudioSession.Open(images, _project);
        _session?.Dispose();
        _session = next;
    }

    public long MostBodyBytes(string target) =>
        new StudioQuery(target).Parts is ["api", "images", _, "strokes"] ? StrokeApi.MostPatchBytes : MostWords;

    public async Task<LocalResponse> AnswerAsync(LocalRequest request, CancellationToken aborted)
    {
        if (_files.TryGetValue(request.Target, out Func<LocalResponse>? file))
        {
            return request.Method is "GET" or "HEAD" ? file() : NotAllowed("GET, HEAD");
        }

        StudioQuery query = new(request.Target);
        if (query.Parts[0] != "api")
        {
            return Missing;
        }

        try
        {
            if (query.Parts is ["api", "open"])
            {
                return request.Method == "POST" ? Open(request.Body) : NotAllowed("POST");
            }

            return _session is null
                ? LocalResponse.Text(409, "No folder is open yet.")
                : await _api.AnswerAsync(_session, request, query, aborted).ConfigureAwait(false);
        }
        catch (SelfAdaptException e)
        {
            return LocalResponse.Text(422, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return LocalResponse.Text(500, e.Message);
        }
    }

    public void Dispose() => _session?.Dispose();

    internal static LocalResponse NotAllowed(string allowed) =>
        LocalResponse.Text(405, $"Only {allowed} is understood here.") with { Allow = allowed };

    internal static LocalResponse Missing => LocalResponse.Text(404, "There is nothing at this address.");

    private LocalResponse Open(byte[] body)
    {
        string? folder = StudioApi.TextOf(body, "folder");
        if (string.IsNullOrWhiteSpace(folder) || folder.Contains('\0'))
        {
            return LocalResponse.Text(400, "Name a folder of images.");
        }

        Open(folder);
        return LocalResponse.Text(200, _session!.Images.Files.Count.ToString(CultureInfo.InvariantCulture));
    }
}
