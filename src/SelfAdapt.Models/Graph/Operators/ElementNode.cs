using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>A function of each value: Sigmoid, SiLU (x times its Sigmoid), Tanh, Exp, LeakyRelu, Elu, HardSigmoid, HardSwish, Clip from 0 on.</summary>
internal sealed class ElementNode(string name, int input, int output, ElementFunction function)
    : NetworkNode(name, [input], output)
{
    private const float UsualLeak = 0.01f;

    public ElementFunction Function => function;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        ElementFunction function = node.OpType switch
        {
            "Sigmoid" => new(ElementKind.Sigmoid, 0),
            "Tanh" => new(ElementKind.Tanh, 0),
            "Exp" => new(ElementKind.Exp, 0),
            "LeakyRelu" => new(ElementKind.LeakyRelu, node.GetFloat("alpha", UsualLeak)),
            "HardSwish" => new(ElementKind.HardSwish, 0),
            "HardSigmoid" => node.GetFloat("beta", 0.5f) == 0.5f
                ? new(ElementKind.HardSigmoid, node.GetFloat("alpha", 0.2f))
                : throw reader.Refuse(node, "only a HardSigmoid with a beta of 1/2 can be trained."),
            "Elu" => new(ElementKind.Elu, node.GetFloat("alpha", 1)),
            _ => Bound(reader, node, 1, "min") == 0 && Bound(reader, node, 2, "max") is { } most and > 0
                ? new(ElementKind.Clip, most)
                : throw reader.Refuse(node, "only a Clip from 0 to a positive number can be trained."),
        };
        Activation x = reader.AnyLayout(node, 0);
        return reader.Emit(x, y => new ElementNode(node.Name, x.Id, y, function));
    }

    /// <summary>Mul of a value and its own Sigmoid, of two values of one size, or of a map and pooled features or a map of one channel; else the start of an L2 norm.</summary>
    public static ReadValue ReadProduct(NetworkReader reader, OnnxNode node)
    {
        if (reader.Find(node, 0) is Activation a && reader.Find(node, 1) is Activation b)
        {
            foreach ((Activation x, Activation gate) in (ReadOnlySpan<(Activation, Activation)>)[(a, b), (b, a)])
            {
                if (x.ChannelsLast == gate.ChannelsLast && reader.Maker(gate) is ElementNode own && own.Inputs[0] == x.Id
                    && Gated(own.Function) is { } function)
                {
                    return reader.Emit(x, y => new ElementNode(node.Name, x.Id, y, function));
                }
            }

            if (a.Id != b.Id && a.Value == b.Value && a.ChannelsLast == b.ChannelsLast && a.Dims.SequenceEqual(b.Dims))
            {
                return reader.Emit(a, y => new ProductNode(node.Name, a.Id, b.Id, y));
            }

            if (!a.IsPooled && !b.IsPooled && a.Channels == 1 != (b.Channels == 1))
            {
                return ReadGate(reader, node, a.Channels == 1 ? b : a, a.Channels == 1 ? a : b);
            }

            (Activation map, Activation factors) = a.IsPooled ? (b, a) : (a, b);
            if (!map.IsPooled && !map.ChannelsLast && factors is { IsPooled: true, Dims.Length: 4 } && map.Channels == factors.Channels)
            {
                return reader.Emit(map, y => new ProductNode(node.Name, map.Id, factors.Id, y, true));
            }
        }

        return L2NormalizeNode.Read(reader, node);
    }

    /// <summary>Mul of a map and one of a single channel (an attention gate), which becomes as many as the map has.</summary>
    private static Activation ReadGate(NetworkReader reader, OnnxNode node, Activation x, Activation gate)
    {
        if (x.ChannelsLast || gate.ChannelsLast || x.Level != gate.Level || !x.Dims.AsSpan(2).SequenceEqual(gate.Dims.AsSpan(2)))
        {
            throw reader.Refuse(node, "it multiplies maps of different sizes.");
        }

        Activation spread = reader.Emit(
            x, y => new ConcatNode(node.Name, [.. Enumerable.Repeat(gate.Id, x.Channels)], y));
        return reader.Emit(x, y => new ProductNode(node.Name, x.Id, spread.Id, y));
    }

    public override void Write(NetworkWriter writer)
    {
        string x = writer.Narrow(Inputs[0]);
        OnnxAttribute alpha = OnnxAttribute.Float("alpha", function.Parameter);
        switch (function.Kind)
        {
            case ElementKind.Silu:
                writer.Emit("Mul", this, [x, writer.EmitHelper("Sigmoid", this, "gate", [x])]);
                break;
            case ElementKind.HardSwish:
                // An operator of its own only since operator set 14.
                writer.Emit("Mul", this, [x, writer.EmitHelper("HardSigmoid", this, "gate", [x], OnnxAttribute.Float("alpha", 1f / 6))]);
                break;
            case ElementKind.LeakyRelu or ElementKind.Elu or ElementKind.HardSigmoid:
                writer.Emit(function.Kind.ToString(), this, [x], alpha);
                break;
            case ElementKind.Clip:
                writer.Emit(
                    "Clip", this,
                    [x, writer.Store("clip.least", [0], []), writer.Store("clip.most", [function.Parameter], [])]);
                break;
            default:
                writer.Emit(function.Kind.ToString(), this, [x]);
                break;
        }
    }

    /// <summary>What a value times this function of it is; null where it has no name.</summary>
    private static ElementFunction? Gated(ElementFunction gate) =>
        gate.Kind == ElementKind.Sigmoid ? new(ElementKind.Silu, 0)
        : gate.Kind == ElementKind.HardSigmoid && MathF.Abs(gate.Parameter - (1f / 6)) < 1e-6f ? new(ElementKind.HardSwish, 0)
        : null;

    private static float? Bound(NetworkReader reader, OnnxNode node, int input, string name) =>
        node.Has(name) ? node.GetFloat(name, 0)
        : reader.Constant(node, input) is { Values: [var bound] } ? (float)bound
        : null;
}
