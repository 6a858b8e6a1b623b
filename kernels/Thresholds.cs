using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Confidence thresholds: exact quantiles of a batch without sorting. A task is a channel and one of two: background
/// and foreground confidence of a logit; deviation and nothing of a regression, of distances in objects only; a class's
/// probability where it is the likeliest, and nothing. Math: floats are mapped to unsigned
/// keys of the same order; four passes count the keys' bytes, most significant first, each among the keys that share
/// what is known already, and keep the byte in which the wanted rank falls: then the order statistic at rank (int)(q (n
/// - 1)) is known exactly, and one more pass finds the next larger key for the interpolation (NumPy's default). Counts
/// are integers: atomics on them give the same sum in any order. Layout: NCHW vectors; state [tasks][272]: 256 counts,
/// then what the constants name. Launch: Count, Next: grid (chunks, tasks), any group; Select: grid tasks or fewer, any
/// group; the rest a thread per task or word.
/// </summary>
public static class Thresholds
{
    private const int Bins = 256;
    private const int Known = Bins;
    private const int Rank = Bins + 1;
    private const int Total = Bins + 2;
    private const int NotNumbers = Bins + 3;
    private const int Larger = Bins + 4;
    private const int Equal = Bins + 5;

    /// <summary>Words of a task's state.</summary>
    public const int Words = Bins + 16;

    /// <summary>Counts, and selections behind them, that find a value: one per byte of its key.</summary>
    public const int Passes = 4;

    /// <summary>Makes the state new.</summary>
    public static void Clear(ArrayView<uint> state, int tasks)
    {
        int i = Place.Index();
        if (i < tasks * Words)
        {
            state[i] = i % Words == Larger ? uint.MaxValue : 0u;
        }
    }

    /// <summary>Counts a byte of the keys that match so far.</summary>
    public static void Count(
        ArrayView<float> mean, ArrayView<float> deviation, ArrayView<int> kinds, ArrayView<uint> state, int channels,
        int plane, int samples, int meanIsProbability, int pass)
    {
        ArrayView<uint> counts = SharedMemory.Allocate<uint>(Bins + 1);
        int task = Grid.IdxY * Words;
        for (int bin = Group.IdxX; bin <= Bins; bin += Group.DimX)
        {
            counts[bin] = 0;
        }

        Group.Barrier();
        int total = plane * samples;
        int each = (total + Grid.DimX - 1) / Grid.DimX;
        int end = (Grid.IdxX + 1) * each < total ? (Grid.IdxX + 1) * each : total;
        uint known = state[task + Known];
        for (int i = (Grid.IdxX * each) + Group.IdxX; i < end; i += Group.DimX)
        {
            Sample sample = Take(mean, deviation, kinds, channels, plane, meanIsProbability, i);
            bool matches = pass == 0 || sample.Key >> (32 - (8 * pass)) == known;
            if (sample.Used != 0 && sample.IsNumber == 0)
            {
                Atomic.Add(ref counts[Bins], 1u);
            }
            else if (sample.Used != 0 && matches)
            {
                Atomic.Add(ref counts[(int)((sample.Key >> (24 - (8 * pass))) & 0xFF)], 1u);
            }
        }

        Group.Barrier();
        for (int bin = Group.IdxX; bin <= Bins; bin += Group.DimX)
        {
            uint count = counts[bin];
            if (count > 0)
            {
                Atomic.Add(ref state[task + (bin < Bins ? bin : NotNumbers)], count);
            }
        }
    }

    /// <summary>Finds the byte in which the rank falls, and empties the counts.</summary>
    public static void Select(
        ArrayView<uint> state, ArrayView<int> kinds, float classQuantile, float regressionQuantile, int tasks, int pass)
    {
        ArrayView<uint> counts = SharedMemory.Allocate<uint>(Bins);
        for (int index = Grid.IdxX; index < tasks; index += Grid.DimX)
        {
            int task = index * Words;
            for (int bin = Group.IdxX; bin < Bins; bin += Group.DimX)
            {
                counts[bin] = state[task + bin];
                state[task + bin] = 0;
            }

            Group.Barrier();
            if (Group.IdxX == 0)
            {
                float q = IsClass(kinds[index / 2]) ? classQuantile : regressionQuantile;
                Narrow(state, counts, task, q, pass);
            }

            Group.Barrier();
        }
    }

    /// <summary>Finds the smallest key above the one at the rank.</summary>
    public static void Next(
        ArrayView<float> mean, ArrayView<float> deviation, ArrayView<int> kinds, ArrayView<uint> state, int channels,
        int plane, int samples, int meanIsProbability)
    {
        ArrayView<uint> smallest = SharedMemory.Allocate<uint>(1);
        int task = Grid.IdxY * Words;
        if (Group.IdxX == 0)
        {
            smallest[0] = uint.MaxValue;
        }

        Group.Barrier();
        int total = plane * samples;
        int each = (total + Grid.DimX - 1) / Grid.DimX;
        int end = (Grid.IdxX + 1) * each < total ? (Grid.IdxX + 1) * each : total;
        uint known = state[task + Known];
        uint own = uint.MaxValue;
        for (int i = (Grid.IdxX * each) + Group.IdxX; i < end; i += Group.DimX)
        {
            Sample sample = Take(mean, deviation, kinds, channels, plane, meanIsProbability, i);
            if (sample.Used != 0 && sample.IsNumber != 0 && sample.Key > known && sample.Key < own)
            {
                own = sample.Key;
            }
        }

        Atomic.Min(ref smallest[0], own);
        Group.Barrier();
        if (Group.IdxX == 0)
        {
            Atomic.Min(ref state[task + Larger], smallest[0]);
        }
    }

    /// <summary>Moves the thresholds towards the quantiles.</summary>
    public static void Move(
        ArrayView<uint> state, ArrayView<int> kinds, ArrayView<float> thresholds, float classQuantile,
        float regressionQuantile, float keep, int tasks)
    {
        int index = Place.Index();
        if (index >= tasks)
        {
            return;
        }

        int task = index * Words;
        int which = index % 2;
        int channel = index / 2 * 4;
        uint total = state[task + Total];
        uint notNumbers = state[task + NotNumbers];
        if (total == 0 && notNumbers == 0)
        {
            return;
        }

        double q = IsClass(kinds[index / 2]) ? classQuantile : regressionQuantile;
        double position = q * (total - 1);
        uint lower = (uint)position;
        double quantile = ValueOf(state[task + Known]);
        if (notNumbers > 0)
        {
            quantile = double.NaN;
        }
        else if (lower + 1 < total && state[task + Rank] + 1 >= state[task + Equal])
        {
            quantile += (ValueOf(state[task + Larger]) - quantile) * (position - lower);
        }

        float old = thresholds[channel + which];
        bool set = thresholds[channel + 2 + which] != 0;
        thresholds[channel + which] = (float)(set ? (keep * (double)old) + ((1.0 - keep) * quantile) : quantile);
        thresholds[channel + 2 + which] = 1;
    }

    /// <summary>Reads a task's counts: the rank to look for in the first pass, then the byte it falls into.</summary>
    private static void Narrow(ArrayView<uint> state, ArrayView<uint> counts, int task, float q, int pass)
    {
        uint rank = state[task + Rank];
        if (pass == 0)
        {
            uint total = 0;
            for (int bin = 0; bin < Bins; bin++)
            {
                total += counts[bin];
            }

            rank = total > 0 ? (uint)((double)q * (total - 1)) : 0;
            state[task + Total] = total;
        }

        uint before = 0;
        uint found = 0;
        uint foundBefore = 0;
        uint foundCount = 0;
        for (int bin = 0; bin < Bins; bin++)
        {
            uint count = counts[bin];
            if (before <= rank && rank < before + count)
            {
                found = (uint)bin;
                foundBefore = before;
                foundCount = count;
            }

            before += count;
        }

        state[task + Known] = (state[task + Known] << 8) | found;
        state[task + Rank] = rank - foundBefore;
        state[task + Equal] = foundCount;
    }

    private static Sample Take(
        ArrayView<float> mean, ArrayView<float> deviation, ArrayView<int> kinds, int channels, int plane,
        int meanIsProbability, int i)
    {
        int channel = Grid.IdxY / 2;
        int which = Grid.IdxY % 2;
        int at = (((i / plane * channels) + channel) * plane) + (i % plane);
        float value;
        Sample sample;
        if (kinds[channel] == ChannelKinds.Logit)
        {
            PseudoLabel label = PseudoLabel.Of(mean[at], meanIsProbability);
            value = label.Confidence;
            sample.Used = label.Foreground == which ? 1 : 0;
        }
        else if (kinds[channel] < 0)
        {
            int own = channel - ChannelKinds.FirstClass(kinds[channel]);
            int best = Classes.Likeliest(mean, at - (own * plane), ChannelKinds.Classes(kinds[channel]), plane);
            value = mean[at];
            sample.Used = which == 0 && best == own ? 1 : 0;
        }
        else
        {
            value = deviation[at];
            sample.Used = which == 0 ? 1 : 0;
            if (kinds[channel] >= ChannelKinds.Distances)
            {
                int logit = at + ((kinds[channel] - ChannelKinds.Distances - channel) * plane);
                sample.Used *= PseudoLabel.Of(mean[logit], meanIsProbability).Foreground;
            }
        }

        uint bits = Interop.FloatAsInt(value);
        sample.Key = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
        sample.IsNumber = (bits & 0x7FFFFFFFu) <= 0x7F800000u ? 1 : 0;
        return sample;
    }

    private static bool IsClass(int kind) => kind == ChannelKinds.Logit || kind < 0;

    private static double ValueOf(uint key) =>
        Interop.IntAsFloat((key & 0x80000000u) != 0 ? key & 0x7FFFFFFFu : ~key);

    private struct Sample
    {
        public uint Key;
        public int Used;
        public int IsNumber;
    }
}
