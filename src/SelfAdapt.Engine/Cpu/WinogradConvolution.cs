namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// 3x3 convolution by Winograd's F(4x4, 3x3): input tiles are transformed to 36 points, each point is a small matrix
/// product over the channels, and the products are transformed back, normalisation and sums included.
/// </summary>
/// <remarks>
/// Tiles are taken in groups whose transforms stay in a core's L2. Per output tile and pair of channels 36
/// multiplications stand in for 144.
/// </remarks>
internal sealed unsafe class WinogradConvolution(CpuBackend backend, int inputs, int outputs)
    : CpuConvolution(backend, inputs, outputs, 3)
{
    private const int Points = Winograd.Points;
    private const int Tile = Winograd.Tile;
    private const int Patch = Winograd.Patch;

    // Tiles of a group in the forward pass, before rounding up to whole product tiles.
    private const int GroupTiles = 28;

    // Consecutive groups that a task takes: while one is multiplied, the next one's pixels are fetched.
    private const int GroupsPerTask = 4;

    // Tiles are spread over parts with sums of their own where the transformed tiles take at least so many times the
    // memory of the parts' sums; elsewhere points are spread over the threads instead.
    private const long PartShare = 4;

    // Fixed, so that the order of summation does not depend on the number of threads.
    private const int Parts = 16;
    private const int LaneFloats = 256 * 1024;
    private const int SpreadFloats = 8 * 1024 * 1024;
    private const int ChunkTiles = 32;

    protected override long PackedFloats(int inputs, int outputs) =>
        (long)Points * inputs * CpuTensor.BlocksFor(outputs) * Block;

    /// <summary>[panel][point][input][width].</summary>
    protected override void Pack(WeightView weights, float* packed)
    {
        int blocks = CpuTensor.BlocksFor(weights.Outputs);
        Backend.Pool.For(
            blocks, new PackTask(weights, (nint)packed, blocks), static (block, task) => task.Run(block));
    }

    protected override void Convolve(Source x, float* packed, int inputs, float* bias, Sum sum)
    {
        WinogradTiling tiling = new(sum.Target.Shape);
        int rows = Kernels.ProductRows;
        int share = tiling.Count / (2 * Backend.Pool.Threads);
        int group = Math.Clamp(share, 1, GroupTiles);
        group = (group + rows - 1) / rows * rows;
        int groups = (tiling.Count + group - 1) / group;
        int together = Math.Clamp(groups / (4 * Backend.Pool.Threads), 1, GroupsPerTask);
        Backend.Pool.For(
            (groups + together - 1) / together,
            new ConvolveTask(Backend, x, (nint)packed, inputs, (nint)bias, sum, tiling, group, together),
            static (index, task) => task.Run(index));
    }

    protected override void AddUpWeightGradient(Source x, CpuTensor dy, float* gradient)
    {
        WinogradTiling tiling = new(dy.Shape);
        int channels = (InputBlocks + OutputBlocks) * Block;
        nint sumFloats = (nint)Points * InputBlocks * Block * OutputBlocks * Block;
        if ((long)tiling.Count * channels >= PartShare * Parts * (sumFloats / Points))
        {
            int tiles = Math.Clamp(LaneFloats / (Points * channels), 1, tiling.Count);
            float* sums = Backend.Scratch(sumFloats * Parts);
            Backend.Pool.For(
                Parts, new PartTask(new GradientTiles(Backend, x, dy, tiling, tiles), (nint)sums, sumFloats),
                static (part, task) => task.Run(part));
            Finish(sums, sumFloats, Parts, gradient);
        }
        else
        {
            int tiles = Math.Clamp(SpreadFloats / (Points * channels), 1, tiling.Count);
            GradientTiles work = new(Backend, x, dy, tiling, tiles);
            float* sums = Backend.Scratch(sumFloats + work.Floats);
            new Span<float>(sums, checked((int)sumFloats)).Clear();
            for (int first = 0; first < tiling.Count; first += tiles)
            {
                SpreadTask task = new(work, first, Math.Min(tiles, tiling.Count - first), (nint)sums, sumFloats);
                Backend.Pool.For(
                    (task.Count + ChunkTiles - 1) / ChunkTiles, task, static (i, task) => task.Transform(i));
                Backend.Pool.For(Points * InputBlocks, task, static (i, task) => task.Multiply(i));
            }

            Finish(sums, sumFloats, 1, gradient);
        }
    }

    /// <summary>Adds the parts, in their order, and transforms the sums of products back to taps.</summary>
    private void Finish(float* sums, nint partStride, int parts, float* gradient) =>
        Backend.Pool.For(
            Inputs, new FinishTask((nint)sums, partStride, parts, Inputs, Outputs, (nint)gradient),
            static (channel, task) => task.Run(channel));

    /// <summary>Transforms a run of tiles of one channel block, edges filled with zeros.</summary>
    private static void TransformInput(
        Source x, int block, in TileRun run, float* target, nint pointStride, float* patch)
    {
        CpuTensor tensor = x.Tensor;
        NormFactors norm = x.Norm(block);

        // What lies around the image is zero after normalisation: there a tile must be gathered. Without one, the
        // zeros around every plane do.
        int margin = x.IsNormalized ? 1 : 0;
        int firstWhole = margin;
        int endWhole = (tensor.Shape.W - margin) / Tile;
        bool wholeRow = run.Row >= margin && ((run.Row + 1) * Tile) + margin <= tensor.Shape.H;
        for (int i = 0; i < run.Count;)
        {
            int column = run.Column + i;
            float* to = target + ((run.Offset + i) * Block);
            if (wholeRow && column >= firstWhole && column < endWhole)
            {
                int count = Math.Min(run.Count - i, endWhole - column);
                float* pixels = tensor.Plane(run.Sample, block)
                    + (((run.Row * Tile * (nint)tensor.RowPixels) + (column * Tile)) * Block);
                Kernels.WinogradInput(pixels, (nint)tensor.RowPixels * Block, norm, count, to, pointStride);
                i += count;
            }
            else
            {
                Gather(tensor, run.Sample, block, norm, (run.Row * Tile) - 1, (column * Tile) - 1, Patch, patch);
                Kernels.WinogradInput(patch, Patch * Block, default, 1, to, pointStride);
                i++;
            }
        }
    }

    /// <summary>Transforms a run of 4x4 tiles of the output gradient.</summary>
    private static void TransformGradient(
        CpuTensor dy, int block, in TileRun run, float* target, nint pointStride, float* patch)
    {
        int endWhole = dy.Shape.W / Tile;
        bool wholeRow = (run.Row + 1) * Tile <= dy.Shape.H;
        for (int i = 0; i < run.Count;)
        {
            int column = run.Column + i;
            float* to = target + ((run.Offset + i) * Block);
            if (wholeRow && column < endWhole)
            {
                int count = Math.Min(run.Count - i, endWhole - column);
                float* pixels = dy.Row((run.Sample * dy.Blocks) + block, run.Row * Tile) + (column * Tile * Block);
                Kernels.WinogradGradient(pixels, (nint)dy.RowPixels * Block, count, to, pointStride);
                i += count;
            }
            else
            {
                Gather(dy, run.Sample, block, default, run.Row * Tile, column * Tile, Tile, patch);
                Kernels.WinogradGradient(patch, Tile * Block, 1, to, pointStride);
                i++;
            }
        }
    }

    /// <summary>Copies a square of pixels, normalised, with zeros outside the image.</summary>
    private static void Gather(
        CpuTensor x, int sample, int block, NormFactors norm, int top, int left, int size, float* patch)
    {
        new Span<float>(patch, size * size * Block).Clear();
        int start = Math.Max(0, left);
        int pixels = Math.Min(x.Shape.W, left + size) - start;
        for (int i = Math.Max(0, -top); i < size && top + i < x.Shape.H && pixels > 0; i++)
        {
            float* from = x.Row((sample * x.Blocks) + block, top + i) + (start * Block);
            float* to = patch + (((i * size) + start - left) * Block);
            if (norm.IsNone)
            {
                Buffer.MemoryCopy(from, to, pixels * Block * sizeof(float), pixels * Block * sizeof(float));
            }
            else
            {
                Kernels.Normalize(from, norm, pixels, to);
            }
        }
    }

    private readonly struct PackTask(WeightView weights, nint packed, int blocks)
    {
        public void Run(int block)
        {
            int panelBlocks = Kernels.PanelBlocks;
            int first = block / panelBlocks * panelBlocks;
            int width = Math.Min(panelBlocks, blocks - first) * Block;
            float* taps = stackalloc float[9 * Block];
            float* panel = (float*)packed + ((nint)first * Block * Points * weights.Inputs);
            for (int c = 0; c < weights.Inputs; c++)
            {
                for (int tap = 0; tap < 9; tap++)
                {
                    weights.Gather(block, c, tap, taps + (tap * Block));
                }

                float* target = panel + (c * width) + ((block - first) * Block);
                Kernels.WinogradWeights(taps, target, (nint)weights.Inputs * width);
            }
        }
    }

    /// <summary>A few groups of tiles, all output channels.</summary>
    private readonly struct ConvolveTask(
        CpuBackend backend, Source x, nint packed, int inputs, nint bias, Sum sum, WinogradTiling tiling, int group,
        int together)
    {
        public void Run(int index)
        {
            int end = Math.Min(tiling.Count, (index + 1) * together * group);
            for (int first = index * together * group; first < end; first += group)
            {
                // Behind the task's last group most likely comes the task that is as far away as there are threads.
                int next = first + group < end
                    ? first + group
                    : (index + backend.Pool.Threads) * together * group;
                TilePrefetch ahead = new(x.Tensor, tiling, next, Math.Min(group, tiling.Count - next));
                RunGroup(first, Math.Min(group, tiling.Count - first), ahead);
            }
        }

        private void RunGroup(int first, int count, TilePrefetch ahead)
        {
            int inputBlocks = CpuTensor.BlocksFor(inputs);
            int panelBlocks = Kernels.PanelBlocks;

            // An odd number of cache lines apart, the 36 points of a tile do not fall on the same cache sets.
            nint inputStride = ((nint)inputBlocks * group * Block) + Block;
            nint outputStride = ((nint)panelBlocks * group * Block) + Block;
            float* patch = backend.WorkerScratch(
                (Patch * Patch * Block) + (Points * (inputStride + outputStride)) + (2 * panelBlocks * Block));
            float* transformed = patch + (Patch * Patch * Block);
            float* products = transformed + (Points * inputStride);
            float* zeros = products + (Points * outputStride);
            float* shift = zeros + (panelBlocks * Block);
            new Span<float>(zeros, panelBlocks * Block).Clear();

            for (int block = 0; block < inputBlocks; block++)
            {
                TileRuns runs = new(tiling, first, count);
                while (runs.Next(out TileRun run))
                {
                    TransformInput(
                        x, block, run, transformed + ((nint)block * group * Block), inputStride, patch);
                }
            }

            Reduction reduction = new(inputs, (nint)group * Block, 1, 0);
            CpuTensor y = sum.Target;
            int panels = (y.Blocks + panelBlocks - 1) / panelBlocks;
            for (int block = 0; block < y.Blocks; block += panelBlocks)
            {
                int blocks = Math.Min(panelBlocks, y.Blocks - block);
                TilePrefetch residual = sum.Residual is { } r
                    ? new TilePrefetch(r, tiling, first, count, block, blocks)
                    : default;
                TilePrefetch target = y.Bytes > CpuBackend.LastCacheBytes
                    ? default
                    : new TilePrefetch(y, tiling, first, count, block, blocks);
                float* weights = (float*)packed + ((nint)block * Block * Points * inputs);
                for (int point = 0; point < Points; point++)
                {
                    Kernels.Product(
                        blocks, transformed + (point * inputStride), reduction, weights, zeros, count,
                        products + (point * outputStride));
                    weights += (nint)inputs * blocks * Block;
                    ahead.Advance(panels * Points);
                    residual.Advance(Points);
                    target.Advance(Points);
                }

                for (int b = 0; b < blocks; b++)
                {
                    TileRuns runs = new(tiling, first, count);
                    while (runs.Next(out TileRun run))
                    {
                        sum.Shift((float*)bias, run.Sample, block + b, shift);
                        TransformOutput(
                            products + (b * Block), outputStride, (nint)blocks * Block, run, block + b, shift, patch);
                    }
                }
            }
        }

        private void TransformOutput(
            float* products, nint pointStride, nint tileStride, in TileRun run, int block, float* shift, float* patch)
        {
            CpuTensor y = sum.Target;
            int plane = (run.Sample * y.Blocks) + block;
            int endWhole = y.Shape.W / Tile;
            bool wholeRow = (run.Row + 1) * Tile <= y.Shape.H;
            for (int i = 0; i < run.Count;)
            {
                int column = run.Column + i;
                float* from = products + ((run.Offset + i) * tileStride);
                float* target = y.Row(plane, run.Row * Tile) + (column * Tile * Block);
                float* residual = sum.Residual is { } r
                    ? r.Row(plane, run.Row * Tile) + (column * Tile * Block)
                    : null;
                if (wholeRow && column < endWhole)
                {
                    int count = Math.Min(run.Count - i, endWhole - column);
                    Kernels.WinogradOutput(
                        from, pointStride, tileStride, count, target, (nint)y.RowPixels * Block, shift, residual,
                        y.Bytes > CpuBackend.LastCacheBytes);
                    i += count;
                    continue;
                }

                Kernels.WinogradOutput(from, pointStride, tileStride, 1, patch, Tile * Block, shift, null, false);
                int height = Math.Min(Tile, y.Shape.H - (run.Row * Tile));
                int floats = Math.Min(Tile, y.Shape.W - (column * Tile)) * Block;
                for (int h = 0; h < height; h++)
                {
                    for (int f = 0; f < floats; f++)
                    {
                        nint at = ((nint)h * y.RowPixels * Block) + f;
                        target[at] = patch[(h * Tile * Block) + f] + (residual == null ? 0 : residual[at]);
                    }
                }

                i++;
            }
        }
    }

    /// <summary>Transforms tiles of both factors of the weight gradient, and multiplies them point by point.</summary>
    private readonly struct GradientTiles(CpuBackend backend, Source x, CpuTensor dy, WinogradTiling tiling, int tiles)
    {
        public CpuBackend Backend => backend;

        public WinogradTiling Tiling => tiling;

        public int Tiles => tiles;

        public int InputBlocks => x.Tensor.Blocks;

        private nint InputStride => ((nint)InputBlocks * tiles * Block) + Block;

        private nint GradientStride => ((nint)dy.Blocks * tiles * Block) + Block;

        /// <summary>Floats of both transforms.</summary>
        public nint Floats => Points * (InputStride + GradientStride);

        /// <summary>Transforms tiles first .. first + count - 1 of the image into places from offset on.</summary>
        public void Transform(int first, int count, int offset, float* buffer, float* patch)
        {
            float* gradients = buffer + (Points * InputStride);
            for (int block = 0; block < InputBlocks; block++)
            {
                TileRuns runs = new(tiling, first, count);
                float* target = buffer + ((((nint)block * tiles) + offset) * Block);
                while (runs.Next(out TileRun run))
                {
                    TransformInput(x, block, run, target, InputStride, patch);
                }
            }

            for (int block = 0; block < dy.Blocks; block++)
            {
                TileRuns runs = new(tiling, first, count);
                float* target = gradients + ((((nint)block * tiles) + offset) * Block);
                while (runs.Next(out TileRun run))
                {
                    TransformGradient(dy, block, run, target, GradientStride, patch);
                }
            }
        }

        /// <summary>Begins to fetch the pixels of a group of tiles.</summary>
        public (TilePrefetch Inputs, TilePrefetch Gradients) Prefetch(int first)
        {
            int count = Math.Min(tiles, tiling.Count - first);
            return (
                new TilePrefetch(x.Tensor, tiling, first, count), new TilePrefetch(dy, tiling, first, count));
        }

        /// <summary>Adds a point's products of one input channel block, summed over tiles: [point][c][k].</summary>
        public void Multiply(int point, int block, int count, float* buffer, float* sums)
        {
            nint width = (nint)dy.Blocks * Block;
            float* input = buffer + (point * InputStride) + ((nint)block * tiles * Block);
            float* gradients = buffer + (Points * InputStride) + (point * GradientStride);
            float* target = sums + (((point * InputBlocks) + block) * Block * width);
            int panelBlocks = Kernels.PanelBlocks;
            int channels = Math.Min(Block, x.Tensor.Shape.C - (block * Block));
            for (int k = 0; k < dy.Blocks; k += panelBlocks)
            {
                Kernels.OuterProduct(
                    Math.Min(panelBlocks, dy.Blocks - k), input, channels, gradients + ((nint)k * tiles * Block),
                    (nint)tiles * Block, count, target + (k * Block), width);
            }
        }
    }

    /// <summary>Every sixteenth group of tiles, into sums of its own.</summary>
    private readonly struct PartTask(GradientTiles work, nint sums, nint sumFloats)
    {
        public void Run(int part)
        {
            float* own = (float*)sums + (part * sumFloats);
            new Span<float>(own, checked((int)sumFloats)).Clear();
            float* patch = work.Backend.WorkerScratch((Patch * Patch * Block) + work.Floats);
            float* buffer = patch + (Patch * Patch * Block);
            for (int first = part * work.Tiles; first < work.Tiling.Count; first += Parts * work.Tiles)
            {
                int count = Math.Min(work.Tiles, work.Tiling.Count - first);
                work.Transform(first, count, 0, buffer, patch);
                (TilePrefetch inputs, TilePrefetch gradients) = work.Prefetch(first + (Parts * work.Tiles));
                for (int point = 0; point < Points; point++)
                {
                    inputs.Advance(Points);
                    gradients.Advance(Points);
                    for (int block = 0; block < work.InputBlocks; block++)
                    {
                        work.Multiply(point, block, count, buffer, own);
                    }
                }
            }
        }
    }

    /// <summary>One large group of tiles, transformed in chunks of tiles, multiplied in pieces of the sums.</summary>
    private readonly struct SpreadTask(GradientTiles work, int first, int count, nint sums, nint sumFloats)
    {
        public int Count => count;

        private float* Buffer => (float*)sums + sumFloats;

        public void Transform(int chunk)
        {
            int start = chunk * ChunkTiles;
            float* patch = work.Backend.WorkerScratch(Patch * Patch * Block);
            work.Transform(first + start, Math.Min(ChunkTiles, count - start), start, Buffer, patch);
        }

        public void Multiply(int piece) =>
            work.Multiply(piece / work.InputBlocks, piece % work.InputBlocks, count, Buffer, (float*)sums);
    }

    private readonly struct FinishTask(nint sums, nint partStride, int parts, int inputs, int outputs, nint gradient)
    {
        public void Run(int channel)
        {
            int blocks = CpuTensor.BlocksFor(outputs);
            int inputBlocks = CpuTensor.BlocksFor(inputs);
            nint pointStride = (nint)inputBlocks * Block * blocks * Block;
            float* total = stackalloc float[Points * Block];
            float* taps = stackalloc float[9 * Block];
            float* target = (float*)gradient;
            for (int block = 0; block < blocks; block++)
            {
                float* source = (float*)sums + ((((nint)channel * blocks) + block) * Block);
                for (int point = 0; point < Points; point++)
                {
                    for (int i = 0; i < Block; i++)
                    {
                        float value = 0;
                        for (int part = 0; part < parts; part++)
                        {
                            value += source[(part * partStride) + (point * pointStride) + i];
                        }

                        total[(point * Block) + i] = value;
                    }
                }

                Kernels.WinogradWeightGradient(total, Block, taps);
                for (int i = 0; i < Block && (block * Block) + i < outputs; i++)
                {
                    float* weight = target + (((((nint)(block * Block) + i) * inputs) + channel) * 9);
                    for (int tap = 0; tap < 9; tap++)
                    {
                        weight[tap] = taps[(tap * Block) + i];
                    }
                }
            }
        }
    }
}
