using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Studio;

namespace SelfAdapt.Tool.Viewer;

/// <summary>
/// The viewer's addresses. Each is listed here: no part of an address ever becomes part of a file's path.
/// </summary>
internal sealed class ViewerSite : ILocalSite
{
    /// <summary>The largest image that may be dropped on a page.</summary>
    public const long MostImageBytes = 512L << 20;

    private const string Binary = "application/octet-stream";
    private const string Decode = "/api/decode";

    private readonly Dictionary<string, Func<LocalResponse>> _addresses = new(StringComparer.Ordinal);

    /// <summary>Lists the addresses.</summary>
    /// <param name="runtimeFolder">Where onnxruntime-web lies; null where it is missing.</param>
    public ViewerSite(ViewerRun run, string? runtimeFolder)
    {
        PageFiles.AddTo(_addresses);
        PageFiles.AddRuntime(_addresses, runtimeFolder);
        _addresses["/report.html"] = () =>
            OfFile(run.Read(run.ReportFile), PageFiles.TypeOf(".html")) with { IsReport = true };
        _addresses["/api/state"] = () => Json(new JsonObject { ["run"] = run.Description.DeepClone() });
        _addresses["/api/images"] = () => Json(new JsonObject
        {
            ["names"] = new JsonArray([.. run.Images.Select(n => (JsonNode)n)]),
            ["skipped"] = 0,
        });
        _addresses["/api/model"] = () => OfFile(run.ReadModel(), Binary);
        for (int i = 0; i < run.Images.Count; i++)
        {
            int index = i;
            string image = string.Create(CultureInfo.InvariantCulture, $"/api/images/{index}");
            _addresses[image + "/thumb"] = () => Picture(run, run.ImageFile(index), read => StudioApi.Thumbnail(
                new ImageThumbnail(PixelPacking.Thumbnail(read), new ImageFormat(read.Channels, read.Height, read.Width, 1, null))));
            _addresses[image + "/pixels?plane=0"] = () => Picture(
                run, run.ImageFile(index), read => new LocalResponse(200, Binary, PixelPacking.Pack(read)));
            _addresses[image + "/masks?step=0"] = () => Masks(run, run.MaskFile(index, after: false));
            _addresses[image + "/masks"] = () => Masks(run, run.MaskFile(index, after: true));
        }
    }

    public long MostBodyBytes(string target) => MostImageBytes;

    public Task<LocalResponse> AnswerAsync(LocalRequest request, CancellationToken aborted) =>
        Task.FromResult(Answer(request.Method, request.Target, request.Body));

    private LocalResponse Answer(string method, string target, byte[] body)
    {
        try
        {
            if (target == Decode)
            {
                return method == "POST" ? DecodeImage(body) : NotAllowed("POST");
            }

            return !_addresses.TryGetValue(target, out Func<LocalResponse>? answer)
                ? LocalResponse.Text(404, "There is nothing at this address.")
                : method is "GET" or "HEAD" ? answer() : NotAllowed("GET, HEAD");
        }
        catch (SelfAdaptException e)
        {
            return LocalResponse.Text(415, e.Message);
        }
        catch (IOException e)
        {
            return LocalResponse.Text(500, e.Message);
        }
    }

    private static LocalResponse NotAllowed(string allowed) =>
        LocalResponse.Text(405, $"Only {allowed} is understood here.") with { Allow = allowed };

    /// <summary>channels, height, width as 32-bit numbers, then the pixels as 32-bit floats, little-endian.</summary>
    private static LocalResponse DecodeImage(byte[] file)
    {
        Image image = ImageFile.Decode(file, "the file");
        ReadOnlySpan<byte> pixels = MemoryMarshal.AsBytes(image.Pixels.AsSpan());
        return new LocalResponse(200, Binary, Join([image.Channels, image.Height, image.Width], pixels));
    }

    private static LocalResponse Picture(ViewerRun run, string path, Func<Image, LocalResponse> answer) =>
        run.Read(path) is { } file ? answer(ImageFile.Decode(file, path)) : Missing;

    private static LocalResponse Masks(ViewerRun run, string path) => run.Read(path) is null
        ? Missing
        : new LocalResponse(200, Binary, PixelPacking.Pack(LabelFile.Read(path)));

    private static LocalResponse Json(JsonObject content) =>
        new(200, "application/json", Encoding.UTF8.GetBytes(content.ToJsonString(JsonStyle.Line)));

    private static byte[] Join(ReadOnlySpan<int> head, ReadOnlySpan<byte> values) =>
        [.. MemoryMarshal.AsBytes(head), .. values];

    private static LocalResponse OfFile(byte[]? content, string contentType) =>
        content is null ? Missing : new LocalResponse(200, contentType, content);

    private static LocalResponse Missing => LocalResponse.Text(404, "The run's folder no longer holds this file.");
}
