using SelfAdapt.Engine;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Fuzz;

/// <summary>
/// Makes models of supported operators in any order; now and then one is used in a way that may not be supported, with
/// sizes that broadcast, or that fit nothing.
/// </summary>
internal sealed class RandomGraph
{
    private const int MostOutputChannels = 3;
    private const int Deepest = 3;

    private readonly RandomStream _random;
    private readonly GraphSketch _sketch;
    private readonly List<Sketched> _values;
    private readonly double _odd;

    private RandomGraph(RandomStream random, int outputs)
    {
        _random = random;
        _sketch = new GraphSketch(random.NextUInt64(), 1 + random.NextIndex(4), outputs);
        _values = [_sketch.Image];

        // Half of the graphs are plain, so that comparisons are made and not only refusals.
        _odd = random.NextBool(0.6) ? 0 : 0.15;
    }

    /// <summary>A model file.</summary>
    /// <param name="random">Decides.</param>
    public static byte[] Make(RandomStream random)
    {
        int outputs = random.NextBool(0.5) ? 1 : MostOutputChannels;
        RandomGraph graph = new(random, outputs);
        for (int nodes = 2 + random.NextIndex(10); nodes > 0; nodes--)
        {
            graph._values.Add(graph.Next());
        }

        Sketched last = graph._values.Last(v => v.Level >= 0);
        while (last.Level > 0)
        {
            last = graph._sketch.Resize(last, "nearest");
        }

        graph._sketch.Conv(last, outputs, graph.Kernel(), "y");
        return graph._sketch.ToArray();
    }

    private Sketched Next()
    {
        Sketched x = Any(v => v.Level >= 0);
        switch (_random.NextIndex(13))
        {
            case 0:
            case 1:
                return Conv(x);
            case 2:
                return _sketch.BatchNorm(x, Odd() ? [OnnxAttribute.Float("epsilon", 0.3f)] : []);
            case 3:
                return _sketch.Relu(x);
            case 4:
                return Sum(x);
            case 5 when x.Level < Deepest:
                return Odd() ? _sketch.MaxPool(x, OddPool())
                    : _random.NextBool(0.3) ? _sketch.MaxPool(x, WiderPool()) : _sketch.MaxPool(x);
            case 6 when x.Level > 0:
                return Resize(x);
            case 7:
                return Joined(x);
            case 8:
                return Styled(x);
            case 9:
                return Function(x);
            case 10:
            case 11:
                return Windowed(x);
            default:
                return Conv(_sketch.Relu(_sketch.BatchNorm(x)));
        }
    }

    /// <summary>A function of each value; now and then times the value, which is SiLU only for one of them.</summary>
    private Sketched Function(Sketched x)
    {
        if (_random.NextBool(0.2))
        {
            return _sketch.PRelu(x, _random.NextBool(0.5));
        }

        string[] types = ["Identity", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "HardSigmoid", "HardSwish"];
        Sketched y = _sketch.Node(types[_random.NextIndex(types.Length)], x, [x.Name]);
        return _random.NextBool(0.2) ? _sketch.Node("Mul", x, [x.Name, y.Name]) : y;
    }

    /// <summary>Windows of all sorts; pads on one side where they are even, now and then by a Pad in front.</summary>
    private Sketched Windowed(Sketched x)
    {
        int stride = x.Level < Deepest && _random.NextBool(0.4) ? 2 : 1;
        int dilation = 1 + _random.NextIndex(2);
        (int height, int width) = (1 + _random.NextIndex(5), 1 + _random.NextIndex(5));
        int groups = _random.NextIndex(3) switch { 0 => x.Channels, 1 when x.Channels % 2 == 0 => 2, _ => 1 };
        int channels = groups * (1 + _random.NextIndex(groups == 1 ? 6 : 2));
        (long top, long bottom) = Pads(height);
        (long left, long right) = Pads(width);
        long[] pads = [top, left, bottom, right];
        return _random.NextBool(0.2)
            ? _sketch.Windowed(_sketch.Pad(x, pads), channels, (height, width), stride, dilation, groups, [0, 0, 0, 0])
            : _sketch.Windowed(x, channels, (height, width), stride, dilation, groups, pads);

        (long Before, long After) Pads(int taps)
        {
            int all = Math.Max(0, (dilation * (taps - 1)) + 1 - stride);
            return (all / 2, all - (all / 2) + (Odd() ? 1 : 0));
        }
    }

    private Sketched Conv(Sketched x)
    {
        int channels = 1 + _random.NextIndex(_random.NextBool(0.9) ? 6 : 33);
        int kernel = Kernel();
        if (!Odd())
        {
            return _sketch.Conv(x, channels, kernel);
        }

        OnnxAttribute odd = _random.NextIndex(7) switch
        {
            0 => OnnxAttribute.Ints("strides", 2, 2),
            1 => OnnxAttribute.Ints("dilations", 2, 2),
            2 => OnnxAttribute.Int("group", 2),
            3 => OnnxAttribute.Ints("pads", 0, 0, 0, 0),
            4 => OnnxAttribute.Ints("pads", 1, 1, 0, 0),
            5 => OnnxAttribute.Ints("strides", 1, 1),
            _ => OnnxAttribute.Ints("kernel_shape", 3, 3),
        };
        return _sketch.Conv(x, channels, _random.NextBool(0.3) ? 2 + _random.NextIndex(4) : kernel, null, odd);
    }

    private Sketched Sum(Sketched x)
    {
        if (Odd())
        {
            return _random.NextIndex(3) switch
            {
                0 => _sketch.Add(x, Any(_ => true)),
                1 => _sketch.AddConstant(x, x.Channels, 1, 1),
                _ => _sketch.AddConstant(x, 1),
            };
        }

        Sketched y = Any(v => v.Level == x.Level && v.Channels == x.Channels);
        return _random.NextBool(0.5) ? _sketch.Add(x, y) : _sketch.Add(y, _sketch.Conv(x, y.Channels, 1));
    }

    private Sketched Resize(Sketched x)
    {
        if (_random.NextBool(0.3))
        {
            if (!Odd() && _random.NextBool(0.4))
            {
                OnnxAttribute pads = OnnxAttribute.Ints("pads", 1, 1, 1, 1);
                return _random.NextBool(0.5)
                    ? _sketch.TransposedConv(x, 3, 4, 2, pads)
                    : _sketch.TransposedConv(x, 3, 3, 2, pads, OnnxAttribute.Ints("output_padding", 1, 1));
            }

            return _sketch.TransposedConv(
                x, 1 + _random.NextIndex(6), Odd() ? 1 + _random.NextIndex(4) : 2, Odd() ? 1 + _random.NextIndex(3) : 2);
        }

        if (!Odd())
        {
            return _random.NextBool(0.25)
                ? _sketch.Resize(x, "linear", OnnxAttribute.String("coordinate_transformation_mode", "align_corners"))
                : _sketch.Resize(x, _random.NextBool(0.5) ? "nearest" : "linear");
        }

        string[] coordinates = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"];
        string[] rounding = ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"];
        string[] modes = ["nearest", "linear", "cubic"];
        return _sketch.Resize(
            x, modes[_random.NextIndex(modes.Length)],
            OnnxAttribute.String("coordinate_transformation_mode", coordinates[_random.NextIndex(coordinates.Length)]),
            OnnxAttribute.String("nearest_mode", rounding[_random.NextIndex(rounding.Length)]));
    }

    private Sketched Joined(Sketched x)
    {
        Sketched y = Odd() ? Any(_ => true) : Any(v => v.Level == x.Level);
        return x.Channels + y.Channels > 64 ? _sketch.Relu(x) : _sketch.Concat(x, y);
    }

    /// <summary>Pooled features through a linear layer, added to every pixel.</summary>
    private Sketched Styled(Sketched x)
    {
        Sketched pooled = _sketch.Pool(x);
        OnnxAttribute[] odd = Odd() ? [OnnxAttribute.Float("alpha", 0.5f)] : [];
        Sketched to = Any(v => v.Level >= 0);
        if (_random.NextBool(0.3))
        {
            Sketched gate = _sketch.Conv(pooled, to.Channels, 1);
            return _sketch.Node("Mul", to, [to.Name, _sketch.Node("Sigmoid", gate, [gate.Name]).Name]);
        }

        Sketched style = _random.NextBool(0.5)
            ? _sketch.Linear(pooled, Odd() ? 1 : to.Channels, odd)
            : _sketch.Conv(pooled, Odd() ? 1 : to.Channels, 1);
        return _random.NextBool(0.5) ? _sketch.Add(to, style) : _sketch.Add(style with { Level = -1 }, to);
    }

    private OnnxAttribute[] WiderPool() =>
    [
        OnnxAttribute.Ints("kernel_shape", 3, 3), OnnxAttribute.Ints("strides", 2, 2),
        .. _random.NextBool(0.5) ? [OnnxAttribute.Ints("pads", 1, 1, 1, 1)] : new[] { OnnxAttribute.Int("ceil_mode", 1) },
    ];

    private OnnxAttribute[] OddPool() => _random.NextIndex(4) switch
    {
        0 => [OnnxAttribute.Ints("kernel_shape", 3, 3), OnnxAttribute.Ints("strides", 2, 2)],
        1 => [OnnxAttribute.Ints("kernel_shape", 2, 2)],
        2 =>
        [
            OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2),
            OnnxAttribute.Ints("pads", 1, 1, 1, 1),
        ],
        _ =>
        [
            OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2),
            OnnxAttribute.Int("ceil_mode", 1),
        ],
    };

    private int Kernel() => _random.NextBool(0.5) ? 1 : 3;

    private bool Odd() => _random.NextBool(_odd);

    private Sketched Any(System.Func<Sketched, bool> fits)
    {
        Sketched[] all = [.. _values.Where(fits)];
        return all[_random.NextIndex(all.Length)];
    }
}
