using System.Text.Json;

namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>Micro-Manager's files (its own stacks and NDTiff): each page tells its place as JSON.</summary>
internal static class MicroManagerPlanes
{
    private const string Channel = "channel";

    // How its stacks name what NDTiff calls so.
    private static readonly (string Axis, string Key)[] StackAxes =
        [("position", "PositionIndex"), ("time", "FrameIndex"), ("z", "SliceIndex"), (Channel, "ChannelIndex")];

    /// <returns>Null if the pages don't tell.</returns>
    public static PlaneOrder? TryRead(TiffPages pages)
    {
        const string Source = "Micro-Manager";
        if (!pages.Directories[0].Has(TiffTag.MicroManagerMetadata) || pages.Planes != pages.Pages.Count)
        {
            return null;
        }

        List<SortedDictionary<string, string>> places = [.. pages.Directories.Select(PlaceOf)];
        if (places.Exists(p => p.Count == 0))
        {
            return PlaneOrder.Alone(Source, pages.Planes);
        }

        Dictionary<string, int> channels = places.Select(p => p.GetValueOrDefault(Channel, "")).Distinct()
            .Select((name, index) => (name, index)).ToDictionary(c => c.name, c => c.index);
        Dictionary<string, SortedDictionary<int, long>> positions = [];
        List<SortedDictionary<int, long>> inOrder = [];
        for (int plane = 0; plane < places.Count; plane++)
        {
            string key = string.Join(
                '\n', places[plane].Where(a => a.Key != Channel).Select(a => $"{a.Key}={a.Value}"));
            if (!positions.TryGetValue(key, out SortedDictionary<int, long>? planes))
            {
                planes = [];
                positions[key] = planes;
                inOrder.Add(planes);
            }

            planes[channels[places[plane].GetValueOrDefault(Channel, "")]] = plane;
        }

        PlaneOrder order = PlaneOrder.Ragged(
            Source, inOrder.Select(p => ((IReadOnlyCollection<long>)p.Values, p.Count == channels.Count)));
        return order.Planes == pages.Planes
            ? order with { Times = Count("time"), Slices = Count("z"), Positions = Count("position") }
            : PlaneOrder.Alone(Source, pages.Planes);

        int Count(string axis) => places.Select(p => p.GetValueOrDefault(axis, "")).Distinct().Count();
    }

    private static SortedDictionary<string, string> PlaceOf(TiffDirectory page)
    {
        SortedDictionary<string, string> place = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument json = JsonDocument.Parse(page.Text(TiffTag.MicroManagerMetadata));
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return place;
            }

            if (json.RootElement.TryGetProperty("Axes", out JsonElement axes) && axes.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty axis in axes.EnumerateObject())
                {
                    place[axis.Name] = axis.Value.ToString();
                }
            }

            foreach ((string axis, string key) in StackAxes)
            {
                if (json.RootElement.TryGetProperty(key, out JsonElement value))
                {
                    place.TryAdd(axis, value.ToString());
                }
            }
        }
        catch (JsonException)
        {
            place.Clear();
        }

        return place;
    }
}
