using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tool.Studio;

/// <summary>What the page of strokes asks: strokes of an image, the forest's map of what is seen, the objects in it.</summary>
internal static class StrokeApi
{
    /// <summary>The most bytes of a patch; the page parts what is larger.</summary>
    public const long MostPatchBytes = 16L << 20;

    /// <summary>The most pixels of a map that a page gets at once.</summary>
    private const long MostMapPixels = 4L << 20;

    private const int PatchHead = 4 * sizeof(int);
    private const int MostStep = 64;
    private const string Binary = "application/octet-stream";

    /// <summary>Answers what concerns one plane of an image.</summary>
    /// <returns>Null where the method is not understood.</returns>
    public static async Task<LocalResponse?> OfImageAsync(
        StudioSession session, LocalRequest request, (int Index, int Plane, NamedImage Image) of, string what, StudioQuery query,
        CancellationToken aborted)
    {
        bool asks = request.Method is "GET" or "HEAD";
        if (what == "strokes")
        {
            return asks ? new LocalResponse(200, Binary, Pack(of.Image.Image, session.Strokes.Read(of.Index, of.Image))) : Paint(session, of, request.Body);
        }

        if (!asks)
        {
            return null;
        }

        if (PartOf(query, of.Image.Image) is not { } part)
        {
            return LocalResponse.Text(400, "There is no such part of this image.");
        }

        if (what == "map")
        {
            byte[]? map = await session.Forest.MapAsync(of.Index, of.Plane, part, session.Threads, aborted).ConfigureAwait(false);
            return map is null ? new LocalResponse(204, Binary, []) : new LocalResponse(200, Binary, map);
        }

        return await session.Forest.ObjectsAsync(
            of.Index, of.Plane, part, session.Project.State.Strokes, session.Threads, aborted).ConfigureAwait(false) is { } found
            ? new LocalResponse(200, Binary, [.. PixelPacking.Pack(found.Objects), .. found.Map])
            : new LocalResponse(204, Binary, []);
    }

    /// <summary>What is painted, by image: for the page's list and counts.</summary>
    public static JsonArray Describe(StrokeStore strokes) => new(
    [
        .. strokes.Painted.Select(p => (JsonNode)new JsonObject
        {
            ["image"] = p.Index,
            ["plane"] = p.Plane,
            ["objects"] = p.ObjectPixels,
            ["background"] = p.BackgroundPixels,
        }),
    ]);

    /// <summary>Changes how objects are made of strokes.</summary>
    public static LocalResponse SetUp(StudioSession session, JsonObject? asked)
    {
        StrokeSetup? setup;
        try
        {
            setup = asked.Deserialize<StrokeSetup>(JsonStyle.Line);
        }
        catch (JsonException e)
        {
            return LocalResponse.Text(400, e.Message);
        }

        if (setup?.Instances is null)
        {
            return LocalResponse.Text(400, "Nothing to set up.");
        }

        Settings.Check(setup.Instances);
        session.Project.Update(s => s with { Strokes = setup });
        return new LocalResponse(200, "application/json", "{}"u8.ToArray());
    }

    /// <summary>Top, left, height and width as 32-bit numbers, then a byte per pixel.</summary>
    private static LocalResponse Paint(StudioSession session, (int Index, int Plane, NamedImage Image) of, byte[] body)
    {
        if (body.Length < PatchHead)
        {
            return LocalResponse.Text(400, "These are no strokes.");
        }

        int[] head = [.. Enumerable.Range(0, 4).Select(i => BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(sizeof(int) * i)))];
        if (head.Any(n => n < 0))
        {
            return LocalResponse.Text(400, "These are no strokes.");
        }

        session.Strokes.Change(
            of.Index, of.Plane, of.Image, new StrokePatch(head[0], head[1], head[2], head[3], body.AsMemory(PatchHead)));
        return new LocalResponse(200, "application/json", "{}"u8.ToArray());
    }

    /// <summary>Height and width as 32-bit numbers, then a byte per pixel.</summary>
    private static byte[] Pack(Image image, byte[] strokes)
    {
        ReadOnlySpan<int> head = [image.Height, image.Width];
        return [.. MemoryMarshal.AsBytes(head), .. strokes];
    }

    private static MapPart? PartOf(StudioQuery query, Image image)
    {
        int step = query.Number("step") ?? 1;
        MapPart part = new(
            query.Number("top") ?? 0, query.Number("left") ?? 0, query.Number("height") ?? image.Height,
            query.Number("width") ?? image.Width, step);
        bool whole = step is > 0 and <= MostStep && int.IsPow2(step) && part.Top % step == 0 && part.Left % step == 0;
        return whole && part.Height > 0 && part.Width > 0 && (long)part.Top + part.Height <= image.Height
            && (long)part.Left + part.Width <= image.Width && (long)part.Rows * part.Columns <= MostMapPixels ? part : null;
    }
}
