using SelfAdapt.Models.Graph.Kinds;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Models.Graph;

/// <summary>
/// A trained output that the graph does not return as it is trained: several outputs, probabilities behind a sigmoid, maps
/// coarser than the image.
/// </summary>
/// <param name="Returned">The outputs that it is made of, as the graph returns them.</param>
/// <param name="Heads">What is joined, in the order of the channels.</param>
/// <param name="InFile">What the channels mean in the file, where logits are probabilities.</param>
internal sealed record JoinedOutput(
    IReadOnlyList<(string Name, Activation Map)> Returned, IReadOnlyList<OutputHead> Heads, OutputDescription InFile)
{
    // Fewer channels beside a probability are more likely something else.
    private const int FewestRays = 8;

    /// <param name="maps">The maps that the graph returns.</param>
    /// <param name="asked">What the channels mean; null to go by the heads.</param>
    /// <returns>Null where an output is trained as it is, or none is understood.</returns>
    public static JoinedOutput? Find(
        IReadOnlyList<(string Name, Activation Map)> maps, IReadOnlyList<NetworkNode> nodes,
        IReadOnlyList<NetworkValue> values, OutputDescription? asked)
    {
        Dictionary<int, NetworkNode> makers = nodes.ToDictionary(n => n.Output);
        if (maps.Any(m => m.Map.Level == 0 && !HeadsOf(m.Map.Id).Any(h => h.IsProbability)
            && (asked is null ? m.Map.Channels is 1 or 3 : m.Map.Channels == asked.Channels)))
        {
            return null;
        }

        List<(string Name, Activation Map)[]> choices = [.. maps.Select(m => new[] { m })];

        // All of them first, then, where one asks for so many channels, neighbours.
        for (int count = maps.Count; count > 1 && maps.All(m => m.Map.Level == maps[0].Map.Level); count--)
        {
            choices.InsertRange(0, Enumerable.Range(0, count == maps.Count ? 1 : asked is null ? 0 : maps.Count - count + 1)
                .Select(first => maps.Skip(first).Take(count).ToArray()));
        }

        foreach ((string Name, Activation Map)[] choice in choices)
        {
            OutputHead[] heads = [.. choice.SelectMany(c => HeadsOf(c.Map.Id))];
            if (Describe(heads, asked) is { } parts)
            {
                return new(choice, heads, new(parts) { Grid = 1 << choice[0].Map.Level });
            }
        }

        return null;

        IEnumerable<OutputHead> HeadsOf(int value) =>
            makers.GetValueOrDefault(value) is ConcatNode joined ? joined.Inputs.Select(HeadOf) : [HeadOf(value)];

        OutputHead HeadOf(int value) =>
            makers.GetValueOrDefault(value) is ElementNode { Function.Kind: ElementKind.Sigmoid } end
                ? new(end.Inputs[0], values[value].Channels, true)
                : makers.GetValueOrDefault(value) is SoftmaxNode classes
                ? new(classes.Inputs[0], values[value].Channels, true, true)
                : new(value, values[value].Channels, false);
    }

    /// <summary>Adds what joins the heads and brings them to the size of the image; gives the value.</summary>
    /// <param name="add">Makes a value and tells its number.</param>
    public int Join(List<NetworkNode> nodes, Func<NetworkValue, int> add)
    {
        NetworkValue size = Returned[0].Map.Value with { Channels = InFile.Channels };
        int value = Heads[0].Value;
        if (Heads.Count > 1)
        {
            value = add(size);
            nodes.Add(new ConcatNode("", [.. Heads.Select(h => h.Value)], value));
        }

        while (size.Level > 0)
        {
            size = size with { Level = size.Level - 1 };
            (int from, value) = (value, add(size));
            nodes.Add(new UpsampleNode("", from, value, false));
        }

        return value;
    }

    private static IReadOnlyList<OutputPart>? Describe(OutputHead[] heads, OutputDescription? asked)
    {
        if (asked is null)
        {
            OutputPart? objects = null;
            List<OutputPart> parts = [];
            foreach (OutputHead head in heads)
            {
                int channel = parts.Sum(p => p.Channels);
                OutputPart? part = head.IsSoftmax && objects is null && ClassesKind.Fits(head.Channels)
                    ? objects = new(new ClassesKind(head.Channels, true), channel, "class")
                    : head is { Channels: 1, IsProbability: true } && objects is null
                    ? objects = new(OutputKind.Probability, channel, heads.Length == 1 ? "foreground" : "prob")
                    : head is { Channels: >= FewestRays, IsProbability: false } && RaysKind.Fits(head.Channels)
                    ? new(new RaysKind(head.Channels), channel, "dist")
                    : null;
                if (part is null)
                {
                    return null;
                }

                parts.Add(part);
            }

            return objects is not null && parts.Count <= 2 ? parts : null;
        }

        bool[] ends = [.. heads.SelectMany(h => Enumerable.Repeat(h.IsProbability, h.Channels))];
        OutputPart[] described =
        [
            .. asked.Parts.Select(p =>
                ends.ElementAtOrDefault(p.Channel) && p.Kind.AsProbability is { } kind ? p with { Kind = kind } : p),
        ];
        bool[] softmax = [.. heads.SelectMany(h => Enumerable.Repeat(h.IsSoftmax, h.Channels))];
        bool fits = ends.Length == asked.Channels
            && described.All(p => !ends[p.Channel] || p.Kind is ClassesKind == softmax[p.Channel])
            && described.All(p => ends.AsSpan(p.Channel, p.Channels).IndexOf(p.Kind.AsRun == p.Kind) < 0);
        return fits ? described : null;
    }
}

/// <summary>A run of channels of an output.</summary>
/// <param name="Value">The value that holds them; of probabilities, their logits.</param>
internal readonly record struct OutputHead(int Value, int Channels, bool IsProbability, bool IsSoftmax = false);
